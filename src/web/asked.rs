//! What questions about a camera have in common: which one, which stream, which range.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Pages;
use crate::http::{Caller, Problem};
use crate::model::{CameraId, StreamKind, Wall};

/// The range of a question, as it is written in its query.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The first moment, RFC 3339.
    #[param(value_type = Option<Wall>)]
    pub(super) from: Option<String>,
    /// The moment after the last.
    #[param(value_type = Option<Wall>)]
    pub(super) to: Option<String>,
    /// `main` (which it is if nothing is said) or `sub`.
    #[param(value_type = Option<StreamKind>)]
    pub(super) stream: Option<String>,
    /// How fine curves are.
    pub(super) points: Option<usize>,
    /// `close` or `refuse`.
    pub(super) gaps: Option<String>,
    /// Why it is taken away.
    pub(super) reason: Option<String>,
    /// How wide a small picture is.
    pub(super) width: Option<u32>,
}

impl Asked {
    pub(super) fn read(asked: Result<Query<Self>, QueryRejection>) -> Result<Self, Problem> {
        asked.map(|Query(asked)| asked).map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }

    /// Where the range begins.
    pub(super) fn from(&self) -> Result<Wall, Problem> {
        moment("from", self.from.as_deref())
    }

    /// `[from, to)`, no longer than `longest_ms`.
    pub(super) fn range(&self, longest_ms: i64, in_words: &str) -> Result<(Wall, Wall), Problem> {
        let (from, to) = (self.from()?, moment("to", self.to.as_deref())?);
        if from >= to {
            return Err(Problem::bad_request("to must be after from"));
        }
        if to.millis_since(from) > longest_ms {
            return Err(Problem::bad_request(format!("the range is longer than {in_words}: ask in parts")));
        }
        Ok((from, to))
    }

    /// Main, if nothing else is said.
    pub(super) fn stream(&self) -> Result<StreamKind, Problem> {
        let word = self.stream.as_deref().unwrap_or("main");
        StreamKind::parse(word).ok_or_else(|| Problem::bad_request("stream must be main or sub"))
    }
}

fn moment(name: &str, text: Option<&str>) -> Result<Wall, Problem> {
    let text = text.ok_or_else(|| Problem::bad_request(format!("{name} is missing")))?;
    text.parse::<Wall>().map_err(|_| {
        Problem::bad_request(format!(
            "{name} is not an RFC 3339 time such as 2026-11-23T02:15:07Z (write + as %2B)"
        ))
    })
}

impl Pages {
    /// A camera that is configured, or of which something is recorded, and that `caller` may see.
    pub(super) fn camera(&self, caller: &Caller, id: &str) -> Result<CameraId, Problem> {
        let is_configured = self.config.cameras.iter().any(|camera| camera.id.as_str() == id);
        let is_recorded =
            || self.archive.index.tallies().iter().any(|((camera, _), _)| camera.as_str() == id);
        let camera =
            CameraId::new(id).ok().filter(|_| caller.sees(Some(id)) && (is_configured || is_recorded()));
        camera.ok_or_else(|| Problem::not_found("there is no such camera"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn asked(from: &str, to: &str, stream: Option<&str>) -> Asked {
        Asked {
            from: Some(from.into()),
            to: Some(to.into()),
            stream: stream.map(Into::into),
            ..Asked::default()
        }
    }

    #[test]
    fn a_range_is_read_and_one_that_makes_no_sense_is_refused_in_words() {
        let good = asked("2026-11-23T00:00:00+07:00", "2026-11-24T00:00:00+07:00", Some("sub"));
        let (from, to) = good.range(DAY_MS, "a day").unwrap();
        assert_eq!((good.stream().unwrap(), to.millis_since(from)), (StreamKind::Sub, DAY_MS));
        for (asked, why) in [
            (Asked::default(), "from is missing"),
            (asked("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", None), "to must be after from"),
            (
                asked("2026-11-22T00:00:00Z", "2026-11-23T00:00:01Z", None),
                "the range is longer than a day: ask in parts",
            ),
        ] {
            assert_eq!(asked.range(DAY_MS, "a day").unwrap_err(), Problem::bad_request(why));
        }
        assert!(asked("yesterday", "2026-11-24T00:00:00Z", None).range(DAY_MS, "a day").is_err());
        assert!(asked("", "", Some("third")).stream().is_err());
    }
}
