//! What can be wrong with a model, in words for the one who has to mend it.

use std::fmt;
use std::path::PathBuf;

/// Why a model cannot be had, or why it did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No folder of models was found: set-up was not run, or the package is incomplete.
    #[error("there is no folder of models in any of: {}", list(looked_in))]
    NoFolder {
        /// Where it was looked for.
        looked_in: Vec<PathBuf>,
    },
    /// A file is not there or cannot be read.
    #[error("{}: {why}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A file is not the one that was made for this program.
    #[error("{}: its digest is not the expected one", file.display())]
    Damaged {
        /// Which.
        file: PathBuf,
    },
    /// The file is whole, but the runtime makes nothing of it, or something else than expected.
    #[error("it does not work in this runtime: {why}")]
    Unusable {
        /// What the runtime says.
        why: String,
    },
    /// ONNX Runtime's library cannot be used.
    #[error("{why}")]
    Library {
        /// What is wrong with it.
        why: String,
    },
    /// The caller gave something else than the network takes.
    #[error("{what} has {got} values where {wanted} are taken")]
    Input {
        /// What was given.
        what: &'static str,
        /// How many values it had.
        got: usize,
        /// How many it must have.
        wanted: usize,
    },
    /// One run failed; the next may not.
    #[error("the network did not answer: {why}")]
    Failed {
        /// What the runtime says.
        why: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What of perception does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The runtime that was asked for; the built-in one runs instead.
    Runtime,
    /// Who is in a picture.
    People,
    /// Whether a sound is speech.
    Speech,
    /// Which sounds.
    Sounds,
}

impl Part {
    /// A word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Runtime => "runtime",
            Part::People => "people",
            Part::Speech => "speech",
            Part::Sounds => "sounds",
        }
    }

    /// What it is called for people.
    pub fn name(self) -> &'static str {
        match self {
            Part::Runtime => "Bộ chạy mô hình / the models' runtime",
            Part::People => "Mô hình nhận người / the people model",
            Part::Speech => "Mô hình nhận tiếng nói / the speech model",
            Part::Sounds => "Mô hình nhận âm thanh / the sounds model",
        }
    }

    /// What the hall is without when it does not work.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Part::Runtime => (
                "ONNX Runtime không dùng được, dùng bộ chạy có sẵn thay thế",
                "ONNX Runtime cannot be used, the built-in runtime is used instead",
            ),
            Part::People => (
                "mô hình nhận người (people) không dùng được, không ai được nhìn thấy",
                "the people model cannot be used, nobody is seen",
            ),
            Part::Speech => (
                "mô hình nhận tiếng nói (speech) không dùng được, to tiếng chỉ được nhận theo độ ồn, nên tiếng ồn \
                 khác cũng có thể bị báo",
                "the speech model cannot be used, raised voices are told by loudness alone, and other noise with them",
            ),
            Part::Sounds => (
                "mô hình nhận âm thanh (sounds) không dùng được, không phát hiện được tiếng la hét, kính vỡ, \
                 chuông báo động",
                "the sounds model cannot be used, screams, breaking glass and alarms are not noticed",
            ),
        }
    }
}

/// One thing of perception that does not work, why, and what to do. Shown in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFault {
    /// What does not work.
    pub part: Part,
    /// Why.
    pub error: ModelError,
}

impl ModelFault {
    /// What to do about it.
    fn remedy(&self) -> (&'static str, &'static str) {
        match &self.error {
            ModelError::Library { .. } => (
                "kiểm tra [perceive] library, hoặc bỏ dòng runtime",
                "check [perceive] library, or take the line runtime out",
            ),
            _ => (
                "chạy deploy/setup.sh run để tạo lại, hoặc chỉ đúng thư mục ở [perceive] models",
                "run deploy/setup.sh run to make it again, or name the right folder in [perceive] models",
            ),
        }
    }
}

impl fmt::Display for ModelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((vi, en), (vi_do, en_do)) = (self.part.words(), self.remedy());
        write!(f, "{vi}: {vi_do} / {en}: {}; {en_do}", self.error)
    }
}
