//! Which of the 521 sounds of YAMNet matter in a counter hall, in groups. Pure.
//!
//! The score of a group is that of its likeliest member. What a rule looks for, and what it must not
//! take for that, is a group of its own; everything else (animals, instruments, the weather) is left out.

use super::Heard;

/// Somebody speaks.
pub const SPEECH: &str = "speech";
/// Somebody shouts; shouted words often count as speech only.
pub const SHOUT: &str = "shout";
/// Somebody screams.
pub const SCREAM: &str = "scream";
/// Somebody cries: a child at the counter.
pub const CRYING: &str = "crying";
/// Somebody laughs.
pub const LAUGHTER: &str = "laughter";
/// Many people: cheering, applause, a crowd.
pub const CROWD: &str = "crowd";
/// Music, sung or played.
pub const MUSIC: &str = "music";
/// A telephone rings.
pub const TELEPHONE: &str = "telephone";
/// Glass breaks.
pub const GLASS: &str = "glass";
/// An alarm or a siren sounds.
pub const ALARM: &str = "alarm";
/// A door, knocking, a drawer.
pub const DOOR: &str = "door";
/// Something falls or strikes.
pub const IMPACT: &str = "impact";

/// An engine, a motorcycle or a train goes by, or blows its horn.
pub const ENGINE: &str = "engine";

/// The groups and what YAMNet calls their members.
const GROUPS: [(&str, &[&str]); 13] = [
    (
        SPEECH,
        &[
            "Speech",
            "Child speech, kid speaking",
            "Conversation",
            "Narration, monologue",
            "Speech synthesizer",
        ],
    ),
    (SHOUT, &["Shout", "Bellow", "Yell", "Children shouting", "Whoop"]),
    (SCREAM, &["Screaming"]),
    (CRYING, &["Crying, sobbing", "Baby cry, infant cry", "Whimper", "Wail, moan"]),
    (LAUGHTER, &["Laughter", "Baby laughter", "Giggle", "Snicker", "Belly laugh", "Chuckle, chortle"]),
    (CROWD, &["Cheering", "Applause", "Clapping", "Crowd", "Chatter", "Hubbub, speech noise, speech babble"]),
    (MUSIC, &["Music", "Musical instrument", "Singing", "Song"]),
    (TELEPHONE, &["Telephone", "Telephone bell ringing", "Ringtone", "Telephone dialing, DTMF"]),
    (GLASS, &["Shatter", "Glass", "Breaking"]),
    (
        ALARM,
        &[
            "Alarm",
            "Siren",
            "Civil defense siren",
            "Buzzer",
            "Smoke detector, smoke alarm",
            "Fire alarm",
            "Foghorn",
            "Car alarm",
            "Police car (siren)",
            "Ambulance (siren)",
            "Fire engine, fire truck (siren)",
        ],
    ),
    (
        DOOR,
        &[
            "Door",
            "Sliding door",
            "Slam",
            "Knock",
            "Tap",
            "Squeak",
            "Cupboard open or close",
            "Drawer open or close",
        ],
    ),
    (IMPACT, &["Smash, crash", "Thump, thud", "Bang", "Crack", "Slap, smack", "Whack, thwack"]),
    (
        ENGINE,
        &[
            // Not "Vehicle" and "Motor vehicle": a siren is one of those too.
            "Engine",
            "Medium engine (mid frequency)",
            "Heavy engine (low frequency)",
            "Idling",
            "Accelerating, revving, vroom",
            "Motorcycle",
            "Car passing by",
            "Vehicle horn, car horn, honking",
            "Air horn, truck horn",
            "Train",
            "Train whistle",
            "Train horn",
            "Railroad car, train wagon",
        ],
    ),
];

/// The groups, with where their members stand in the model's answer.
#[derive(Debug, Clone)]
pub(super) struct Groups(Vec<(&'static str, Vec<usize>)>);

impl Groups {
    /// For a model whose sounds are called `names`; a member that it does not know is left out.
    pub fn new(names: &[String]) -> Self {
        let places = |members: &[&str]| {
            members.iter().filter_map(|member| names.iter().position(|name| name == member)).collect()
        };
        Self(GROUPS.iter().map(|(group, members)| (*group, places(members))).collect())
    }

    /// The members that a model with these `names` does not know.
    #[cfg(test)]
    pub fn unknown_to(names: &[String]) -> Vec<&'static str> {
        let members = GROUPS.iter().flat_map(|(_, members)| members.iter().copied());
        members.filter(|member| !names.iter().any(|name| name == member)).collect()
    }

    /// The score of each group in an answer of the model.
    pub fn scores(&self, answer: &[f32]) -> Vec<(&'static str, f32)> {
        let best = |places: &Vec<usize>| {
            places
                .iter()
                .filter_map(|place| answer.get(*place))
                .fold(0.0, |best: f32, score| best.max(*score))
        };
        self.0.iter().map(|(group, places)| (*group, best(places))).collect()
    }
}

impl Heard {
    /// How likely a sound of `group` was, 0 to 1; 0 if nobody listened for it.
    pub fn score(&self, group: &str) -> f64 {
        self.scores.iter().find(|(name, _)| *name == group).map_or(0.0, |(_, score)| f64::from(*score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_likely_as_its_likeliest_member() {
        let names: Vec<String> = ["Speech", "Glass", "Owl", "Shatter"].map(String::from).into();
        let scores = Groups::new(&names).scores(&[0.2, 0.3, 0.9, 0.7]);
        let heard = Heard { scores, ..Heard::default() };
        assert_eq!(heard.score(GLASS), f64::from(0.7_f32));
        assert_eq!(heard.score(SPEECH), f64::from(0.2_f32));
        assert_eq!((heard.score(ALARM), heard.score("owl")), (0.0, 0.0));
    }
}
