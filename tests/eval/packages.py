"""Which of Debian's packages the evaluation's real sounds come from, and which of their files.

Everything here is fetched by `make eval` into target/eval and never enters the repository. A package is
asked for by its version; the files that are used are checked by one SHA-256 over all of them, so that
another build of a package with the same sounds is as good.

What is not here although its name fits, judged by spectra and by what YAMNet makes of the clean clip, before
any rule was tuned: screams under 0.8 s (too short to be one), hannah's `scream` (a cat), netpanzer's (spoken
words), scorched3d's `scream4` (a groan) and scratch's `Scream-male2` (a call); minetest's `break_glass.1` and ufoai's `breakglass01` (a click; a burst of noise) and its 05 to 07
(single shards that chime, no pane that breaks). Car horns are neither alarms nor among the negatives.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """`files` are (kind of sound, path below `root`); a path may be a pattern. `inside` names a zip within the package,
    and `half` the half that has all of its clips, where they do not take turns."""

    name: str
    version: str
    root: str
    files: tuple
    sha256: str
    inside: str = ""
    half: str = ""


GAMES = "usr/share/games/"
ASTERISK = "usr/share/asterisk/sounds/"
# Prompts of 2 to 8 s, at 16,000 bytes a second.
SPEECH_BYTES = (32_000, 128_000)

PACKAGES = [
    Package("alienblaster-data", "1.1.0-11", GAMES + "alienblaster/sound/", (("alarm", "alarm.wav"),),
            "e892099b14f2d78d5f668e5c1980dae6e95bf951ed54ebd9d01c9499a3dd6ac7"),
    Package("asterisk-core-sounds-en-wav", "1.6.1-1", ASTERISK + "en_US_f_Allison/", (("speech-en", "*.wav"),),
            "a6ca3a4e4c90a8c3d05373d6246f938a7b8d5c637c0fc94688b835e3d35e3b74"),
    Package("asterisk-core-sounds-fr-wav", "1.6.1-1", ASTERISK + "fr_CA_f_June/", (("speech-fr", "*.wav"),),
            "5be112d3dfa3f2e37c361a84a7be71f3d31ddc458316f6069c0183dfef3fbd50"),
    Package("asterisk-core-sounds-it-wav", "1.6.1-1", ASTERISK + "it_IT_m_Carlo/", (("speech-it", "*.wav"),),
            "57852c416c50bf1657d00da0b11e81eff4d987b6eed787c48a910d0dad10bfc1"),
    Package("asterisk-core-sounds-ru-wav", "1.6.1-1", ASTERISK + "ru_RU_f_IvrvoiceRU/", (("speech-ru", "*.wav"),),
            "75fd09f6f8951d3fe22d80be977f50e6cc98cf95ed4e6d75d34ec2f7eee16c7c"),
    Package("asterisk-moh-opsound-wav", "2.03-1.1", "usr/share/asterisk/moh/", (("music", "*.wav"),),
            "c1d6ccae5b27a1e9c1aff30983549dfa7494243b45b274c103433c0e2ff503db"),
    Package("brainparty-data", "0.61+dfsg-7", GAMES + "brainparty/", (("glass", "glass_break.wav"),),
            "89f5a2e3074bb1ecfa2951697f7cf1fc433466c24bd37eeb32fae8cc75209842"),
    Package("btanks-data", "0.9.8083-9", GAMES + "btanks/data/sounds/",
            (("laugh", "laugh01.ogg"), ("laugh", "laugh02.ogg"), ("vehicle", "train.ogg")),
            "99ab2318fb24c2d68419401da49795e56b341ad8188cf67aeca08e1351443fcd"),
    Package("circuslinux-data", "1.0.3-34.1", GAMES + "circuslinux/data/sounds/",
            (("applause", "applause.wav"), ("crowd", "cheering.wav")),
            "009b1ebebac4cce24380b170a891fbaa87e1179875551e60c82d80791365327d"),
    Package("etw-data", "3.6+svn162-6", GAMES + "etw/crowd/",
            (("crowd", "crowd01.wav"), ("crowd", "crowd04.wav"), ("crowd", "crowd06.wav"), ("crowd", "crowd08.wav"),
             ("crowd", "crowd12.wav"), ("crowd", "crowd14.wav")),
            "ef8f6b653bd1d47a5ce30cf0d3aae90c7ac536aaf9d93f3b2880ff740d49d722"),
    Package("fillets-ng-data", "1.0.1-1.1", GAMES + "fillets-ng/sound/",
            (("alarm", "steel/en/steel-x-redalert.ogg"), ("phone", "bathyscaph/en/bat-t-phone0.ogg"),
             ("phone", "bathyscaph/en/bat-t-phone1.ogg")),
            "4312f7d06c15c804461a790eb1fdac651ab8757df96448d768d43883690a0d86"),
    Package("foobillardplus-data", "3.43~svn170+dfsg-7", GAMES + "foobillardplus/data/", (("applause", "applause.wav"),),
            "ab3618a3aeb9c88a61e85d4d35676406d6cc5796e41423f91495afe30aeaa951"),
    Package("gemdropx", "0.9-9", GAMES + "gemdropx/sounds/", (("applause", "applause.wav"),),
            "971f633fb4bbf6fc7eb884180a9b4bcd0426cd571208f1b5aecd8286c560a9c4"),
    Package("gourmand", "1.1.0+really1.1.0~rc3-3", "usr/lib/python3/dist-packages/gourmand/data/sound/", (("phone", "phone.opus"),),
            "bbe48b338c32008dba118dac525ec4ae97e1ea7e5fc1e025e602a9365ab9974f"),
    Package("lmms-common", "1.2.2+dfsg1-6", "usr/share/lmms/samples/misc/", (("crowd", "raving_crowd01.ogg"),),
            "2ca45e2e14d986dd7290b75d32065bf785a09fea331cc3eb1e3241d2eb16359e"),
    Package("minetest-data", "5.6.1+dfsg+~1.9.0mt8+dfsg-2", GAMES + "minetest/games/minetest_game/mods/",
            (("glass", "default/sounds/default_break_glass.2.ogg"), ("glass", "default/sounds/default_break_glass.3.ogg"),
             ("door", "doors/sounds/doors_door_close.ogg"), ("door", "doors/sounds/doors_door_open.ogg"),
             ("door", "doors/sounds/doors_glass_door_close.ogg"), ("door", "doors/sounds/doors_steel_door_close.ogg"),
             ("step", "default/sounds/default_hard_footstep.1.ogg"), ("step", "default/sounds/default_hard_footstep.2.ogg"),
             ("step", "default/sounds/default_wood_footstep.1.ogg"), ("step", "default/sounds/default_wood_footstep.2.ogg")),
            "846deb4c6e5fb3af644cae9b5820dc0ce07f42052ac7822f695e53a7fed0f0bf"),
    Package("minetest-mod-homedecor", "20210327.1-2", GAMES + "minetest/mods/homedecor/",
            (("door", "homedecor_doors_and_gates/sounds/homedecor_door_close.ogg"),
             ("door", "homedecor_doors_and_gates/sounds/homedecor_door_open.ogg")),
            "16f1d5c034dce1a8e7f0d12056458f78b0b1798fd682fb98e17b9bfd6e9c7782"),
    Package("monsterz-data", "0.7.1-12", GAMES + "monsterz/sound/", (("applause", "applause.wav"),),
            "1ca3c66099beb87b1e9878a610dacb575691a9c5f29b43a9940d23cb3f7988b9"),
    Package("plee-the-bear-data", "0.6.0-8", GAMES + "plee-the-bear/sound/weather/", (("rain", "rain.ogg"),),
            "a768c03e5fc6b7c7393497d6db93b844c018069080ab6011b8222b47d2023101"),
    Package("pocketsphinx-testdata", "0.8+5prealpha+1-15", "usr/share/pocketsphinx/test/data/", (("speech-uk", "librivox/*.wav"),),
            "9cc06fbee19813c4517d49157bbba0b4cfccfd14786fb21dc4d46fc9f2486624"),
    Package("qtsensors5-examples", "5.15.8-2", "usr/lib/x86_64-linux-gnu/qt5/examples/sensors/shakeit/audio/", (("phone", "phone.wav"),),
            "389394c198dc5ff97add42c24cd2dd3851ebb12ca9963c6a74438988cd3db772"),
    Package("scorched3d-data", "44+dfsg-8", GAMES + "scorched3d/data/globalmods/",
            (("scream", "apoc/data/wav/misc/scream1.wav"), ("scream", "apoc/data/wav/misc/scream2.wav"),
             ("scream", "apoc/data/wav/misc/scream3.wav"), ("scream", "apoc/data/wav/misc/screaming.wav"), ("crowd", "apoc/data/wav/misc/cheeringloop.wav"),
             ("rain", "none/data/wav/misc/rain.wav")),
            "2e01214eb1c4bca88097274f8b108fb51e8cc93c0607cdf4c5c45533ed77101d"),
    Package("scratch", "1.4.0.6~dfsg1-6.1", "usr/share/scratch/Media/Sounds/",
            (("laugh", "Human/Laugh-female.wav"), ("laugh", "Human/Laugh-male1.wav"),
             ("laugh", "Human/Laugh-male2.wav"), ("laugh", "Human/Laugh-male3.mp3"), ("crowd", "Human/PartyNoise.wav"),
             ("cough", "Human/Cough-female.wav"), ("cough", "Human/Cough-male.wav"), ("cough", "Human/Sneeze-female.wav"),
             ("cough", "Human/Sneeze-male.wav"), ("baby", "Human/BabyCry.mp3"), ("step", "Human/Footsteps-1.wav"),
             ("step", "Human/Footsteps-2.mp3"), ("door", "Effects/DoorClose.mp3"), ("door", "Effects/DoorCreak.wav"),
             ("typing", "Effects/Typing.mp3"), ("vehicle", "Effects/CarPassing.wav"), ("vehicle", "Effects/MotorcyclePassing.wav")),
            "74f11f5fa1513b14639eaf02944e8057fbb07130ff151d2fe81d92da8c856eb5"),
    Package("triplea", "1.9.0.0.7062-2", GAMES + "triplea/assets/sounds/generic/",
            (("alarm", "game_start/game_start_01_air_raid_alarm.mp3"),),
            "9c7b9e53be059248a9d1727d85595aa99df48b01e4299c5750807389f9841511"),
    Package("tuxfootball", "0.3.1-7", GAMES + "tuxfootball/sound/", (("crowd", "crowdboo.wav"), ("crowd", "crowdcheer.wav")),
            "5de7bece7f7670233138a576d9b3fca87a3c3ad2262d3ad49357e2dd2d7f85ce"),
    Package("tuxmath-data", "2.0.3-9", "usr/share/tuxmath/sounds/", (("alarm", "alarm.wav"),),
            "616f06ec60b4d53bd2e2703cfcfc8471e576e176473f693864d6552a1810031b"),
    Package("ufoai-sound", "2.5-2", "sound/",
            (("glass", "misc/breakglass02.ogg"), ("glass", "misc/breakglass03.ogg"), ("glass", "misc/breakglass04.ogg"),
             ("scream", "civilians/civfemdeath01a.ogg"), ("scream", "civilians/civfemdeath02a.ogg"),
             ("scream", "civilians/civfemscream01a.ogg"), ("scream", "civilians/civfemscream02a.ogg"),
             ("door", "doors/door1-close.ogg"), ("door", "doors/door2-close.ogg"), ("door", "doors/open_close.ogg"),
             ("step", "footsteps/linoleum.ogg"), ("step", "footsteps/tile1.ogg"), ("step", "footsteps/tile2.ogg"),
             ("step", "footsteps/tile3.ogg")),
            "1ddbd27c4c5718075a41c3ba023f3abb70719565e9fa8739b732ef965c562292", inside="usr/share/games/ufoai/base/0snd.pk3"),
    # For tuning alone: of screams, laughter, panes and sirens there are too few above to choose a threshold by.
    Package("bambam", "1.2.1+dfsg-1", "usr/share/bambam/data/", (("laugh", "giggle.wav"),),
            "80ac0b2d957a1beddfaf410d41d190b1582aacb130cd9eb0685c1cd38cd9f62e", half="tune"),
    Package("btanks-data", "0.9.8083-9", GAMES + "btanks/data/sounds/", (("scream", "kamikaze-scream.ogg"),),
            "3dcb128145c2c1667acc06ecd1fac2f9c86076229e92958469dc0ff4e00f8073", half="tune"),
    Package("ceferino-data", "0.97.8+svn37-2.2", GAMES + "ceferino/sounds/", (("alarm", "alarma.wav"),),
            "606d4b82e7a1dbcb3033366599ba2a02134a5721c2e0dca5c3195da383a28c18", half="tune"),
    Package("crossfire-client", "1.75.0-2", GAMES + "crossfire-client/sounds/", (("laugh", "Evil_Laugh.wav"),),
            "dbba4041f8c467803dbe61f69069fdb7271cb36935dcd3a94cbce13833ba9a8e", half="tune"),
    Package("enigma-data", "1.20-dfsg.1-2.2", GAMES + "enigma/soundsets/enigma/", (("glass", "shatter.wav"),),
            "d7f3a33b6c4d38fe42b39aa9dc526ef780ba08617c3ecef74b0a00dc77c8dd63", half="tune"),
    Package("freedroidrpg-data", "1.0-1", "usr/share/freedroidrpg/data/sound/effects/", (("glass", "Glass_Break.ogg"),),
            "137eaff7c345ab73669de5595d1e517914266dfc9b0c81e0139bebf8770b1c1f", half="tune"),
    Package("hedgewars-data", "1.0.2-6", GAMES + "hedgewars/Data/Sounds/voices/",
            (("laugh", "Default/Laugh.ogg"), ("laugh", "Default_es/Laugh.ogg"), ("laugh", "Default_pl/Laugh.ogg"),
             ("laugh", "Mobster/Laugh.ogg"), ("laugh", "Surfer/Laugh.ogg")),
            "c56a39b17bea9cbe9f47764552414dd6825c430ffcebab7f3d3224d3ddee5c57", half="tune"),
    Package("megaglest-data", "3.13.0-3", GAMES + "megaglest/techs/megapack/",
            (("scream", "commondata/sounds/axe_thrower_die4.wav"), ("scream", "factions/magic/units/initiate/sounds/initiate_die1.wav")),
            "8d9fe44f63e6ae1554722b7acdde88c4a0ff837e8c51b6475c2857bbe8fe1eed", half="tune"),
    Package("micropolis-data", "0.0.20071228-10", GAMES + "micropolis/res/sounds/", (("alarm", "siren.wav"),),
            "256cd8ca121f1ff68feec87d8e631835cc98334b3f47826dbbb71d346aae6078", half="tune"),
    Package("mirrormagic-data", "3.1.0+dfsg1-1", GAMES + "mirrormagic/sounds/snd_classic/", (("laugh", "lachen.wav"),),
            "8cfa359798359a1203814ca5689f34e3b8d8da506aa0dac457fde694089530c6", half="tune"),
    Package("starfighter-data", "2.4-1", "usr/share/starfighter/sound/", (("scream", "maledeath.ogg"),),
            "535968b5f82588ff66ff5a44d1f5bbbc81a22700a32ab6cd469a0e53d4319249", half="tune"),
    Package("trackballs-data", "1.3.4-1", GAMES + "trackballs/sfx/", (("laugh", "crazylaugh.wav"), ("scream", "fall_death.wav")),
            "0d7264582e61964cdda82d0f7e3b420c1d82118c4ef095aa1133917b5eddffa6", half="tune"),
    Package("triplea", "1.9.0.0.7062-2", GAMES + "triplea/assets/sounds/ww2/",
            (("alarm", "battle_retreat_submerge/battle_retreat_submerge_01_sub_diving_alarm.mp3"),),
            "bc392d7f048de61cca1ed980d9ab0008b18c806f92ae4cc92ed9eb9519570939", half="tune"),
]
