//! What kinds of incident are called where people read them, in Vietnamese and English.

use super::Kind;

impl Kind {
    /// What it is called, in Vietnamese and in English.
    pub fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Kind::CounterUnattended => ("quầy không có người trực", "nobody behind the counter"),
            Kind::LongWait => ("người dân chờ quá lâu", "a citizen waits too long"),
            Kind::Crowding => ("quá đông người", "too many people"),
            Kind::AfterHours => ("có người ngoài giờ làm việc", "somebody there after hours"),
            Kind::RaisedVoices => ("to tiếng", "raised voices"),
            Kind::Scream => ("tiếng la hét", "a scream"),
            Kind::BreakingGlass => ("tiếng kính vỡ", "breaking glass"),
            Kind::AlarmSound => ("tiếng báo động", "an alarm sounds"),
            Kind::CameraCovered => ("máy quay bị che", "the camera is covered"),
            Kind::CameraMoved => ("máy quay bị xoay lệch", "the camera was moved"),
            Kind::CameraBlurred => ("hình bị mờ", "the picture is out of focus"),
            Kind::PictureFrozen => ("hình bị đứng", "the picture is frozen"),
            Kind::CameraLost => ("mất tín hiệu máy quay", "the camera is lost"),
            Kind::AudioLost => ("mất tiếng", "the sound is lost"),
            Kind::RecordingGap => ("thiếu bản ghi", "recordings are missing"),
            Kind::DiskLow => ("ổ đĩa sắp đầy", "the disk is nearly full"),
            Kind::StorageFailed => ("không ghi được lên ổ đĩa", "the disk cannot be written"),
            Kind::ClockOff => ("đồng hồ sai", "the clock is wrong"),
            Kind::Restarted => ("dịch vụ chạy lại", "the service started again"),
            Kind::EvidenceGivenUp => ("bỏ gửi bằng chứng", "evidence was given up"),
            Kind::Manual => ("đánh dấu thủ công", "marked by hand"),
            Kind::CentreSilent => ("trung tâm mất liên lạc", "the centre is silent"),
        }
    }
}
