"""What people say in the made rooms: Vietnamese by espeak-ng, and real voices of recorded prompts.

Sentences, voices and prompts of the two halves are different ones. A shouted sentence is the same voice
pressed: higher, faster, with more of its energy at 1 to 4 kHz and its peaks flattened, as a throat does it.
"""

import subprocess
from functools import cache

import numpy as np

import clips
from clips import RATE_HZ, trimmed

CALM = {
    "tune": [
        "Dạ, em chào bác. Bác cần làm thủ tục gì ạ?",
        "Chào cô, tôi đến nộp hồ sơ xin cấp lại giấy khai sinh cho cháu.",
        "Bác cho em xin căn cước công dân và tờ khai ạ.",
        "Giấy tờ của tôi đây. Cô xem giúp tôi còn thiếu gì không.",
        "Dạ, hồ sơ của bác còn thiếu giấy xác nhận cư trú ạ.",
        "Mười phút nữa em gọi bác, bác ngồi chờ em một chút.",
        "Cái này nộp ở quầy số ba, anh sang bên kia giúp em.",
        "Phí của anh là năm mươi nghìn đồng, anh chuyển khoản cũng được.",
        "Em in biên nhận cho chị, ngày mười lăm chị quay lại nhận kết quả.",
        "Tôi gửi hồ sơ trên mạng từ tuần trước mà chưa thấy trả lời.",
        "Để em kiểm tra trên hệ thống, chị đọc giúp em mã hồ sơ.",
        "Sáng nay đông quá, hôm qua vắng hơn nhiều.",
    ],
    "test": [
        "Xin mời bà ngồi, bà cần cháu giúp việc gì ạ?",
        "Tôi muốn hỏi thủ tục sang tên quyền sử dụng đất.",
        "Chú điền vào mẫu đơn này, ký ở góc dưới bên phải.",
        "Con tôi sinh tháng trước, tôi đi làm giấy khai sinh và thẻ bảo hiểm.",
        "Anh ơi, bản sao này phải có chứng thực mới được.",
        "Chứng thực thì sang phòng bên cạnh, độ năm phút là xong.",
        "Cháu nhập số điện thoại của bác để hệ thống nhắn tin báo kết quả.",
        "Vợ tôi giữ sổ hộ khẩu cũ, chiều tôi mang đến được không?",
        "Dạ được, buổi chiều chúng cháu làm việc từ một giờ rưỡi.",
        "Giấy phép kinh doanh của quán em hết hạn rồi, em xin cấp đổi.",
        "Số của tôi là bốn mươi hai, đến lượt chưa cháu?",
        "Còn hai người nữa thôi, bác uống nước rồi chờ cháu nhé.",
    ],
}
SHOUTED = {
    "tune": ["Tôi đã đi lại bốn lần rồi!", "Lần nào cũng bảo thiếu giấy tờ!", "Làm việc kiểu gì thế hả!",
             "Gọi lãnh đạo ra đây ngay!", "Tại sao người đến sau lại được làm trước!", "Không nói nhiều nữa!"],
    "test": ["Trả lại hồ sơ cho tôi!", "Các người coi dân ra cái gì!", "Tôi chờ từ sáng đến giờ!",
             "Đừng có mà đổ lỗi cho tôi!", "Ông đứng ra đây giải thích cho rõ!", "Im đi, để tôi nói!"],
}
VOICES = {
    "tune": ["vi+m1", "vi+f1", "vi-vn-x-south+m3", "vi-vn-x-central+f2", "vi+m6", "vi+f5"],
    "test": ["vi+m2", "vi+f3", "vi-vn-x-south+f4", "vi-vn-x-central+m4", "vi+m7", "vi-vn-x-south+m5"],
}
REAL = ("speech-en", "speech-fr", "speech-it", "speech-ru")


def utterance(rng, half, lively=False):
    """A calm sentence, two in three of them Vietnamese; a lively one is quicker and goes up and down more."""
    if rng.random() < 0.34:
        return clips.samples(_any(rng, clips.of_kind(_any(rng, REAL), half)))
    pitch, speed = (66, 200) if lively else (45, 170)
    sound = spoken(_any(rng, VOICES[half]), _any(rng, CALM[half]), pitch + int(rng.integers(0, 2)) * 10, speed + int(rng.integers(0, 2)) * 12)
    # Nobody says a thing twice at the same speed and pitch.
    return np.interp(np.arange(0, len(sound) - 1, rng.uniform(0.94, 1.06)), np.arange(len(sound)), sound).astype(np.float32)


def shouting(rng, half, length_s):
    """An angry passage of one voice of this length, without a pause for breath."""
    parts, got = [], 0
    voice, kind = _any(rng, VOICES[half]), _any(rng, REAL)
    real = rng.random() < 0.34
    while got < length_s * RATE_HZ:
        if real:
            part = clips.samples(_any(rng, clips.of_kind(kind, half)))
        else:
            part = spoken(voice, _any(rng, SHOUTED[half]), 75 + int(rng.integers(0, 4)) * 6, 195 + int(rng.integers(0, 3)) * 10)
        parts += [pressed(part), np.zeros(int(rng.uniform(0.05, 0.2) * RATE_HZ), np.float32)]
        got += len(parts[-2]) + len(parts[-1])
    return np.concatenate(parts)[:int(length_s * RATE_HZ)]


def pressed(sound):
    """The sound as if shouted: more at 1 to 4 kHz, and its loud and quiet parts nearer to each other."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    lift_db = np.interp(hz, [0, 300, 1000, 2500, 4000, 8000], [-6, -3, 5, 9, 7, 2])
    lifted = np.fft.irfft(spectrum * 10 ** (lift_db / 20), len(sound))
    loud = np.sqrt(np.mean(lifted ** 2)) + 1e-9
    return np.tanh(1.5 * lifted / (2 * loud)).astype(np.float32)


@cache
def spoken(voice, words, pitch, speed):
    """A sentence by espeak-ng."""
    espeak = subprocess.run(["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "--stdout", words],
                            stdout=subprocess.PIPE, check=True)
    # It writes a WAV header of 44 bytes for a length that it does not know yet, then 16-bit samples.
    rate_hz = int.from_bytes(espeak.stdout[24:28], "little")
    return trimmed(_resampled(np.frombuffer(espeak.stdout[44:], np.int16) / np.float32(32768), rate_hz))


def _resampled(sound, rate_hz):
    """At 16 kHz, by leaving out what is above 8 kHz of the spectrum."""
    spectrum = np.fft.rfft(sound)
    n = len(sound) * RATE_HZ // rate_hz
    return np.fft.irfft(spectrum[:n // 2 + 1], n).astype(np.float32)


def _any(rng, choices):
    return choices[int(rng.integers(len(choices)))]
