//! What there is of one stream in a range of time, and why there is nothing where there is not.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::{Pages, unavailable};
use crate::clock;
use crate::http::Problem;
use crate::keeping::{self, Spans};
use crate::model::{CameraId, StreamKind, Wall};

/// No question may be about more than this.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    from: Option<String>,
    to: Option<String>,
    stream: Option<String>,
}

/// `GET /api/cameras/{id}/timeline?from&to[&stream=main|sub]`, the range `[from, to)`.
pub(super) async fn one(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Spans>, Problem> {
    let Query(asked) = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let (stream, from, to) = range(&asked)?;
    let is_configured = pages.config.cameras.iter().any(|camera| camera.id.as_str() == id);
    let is_recorded = || pages.index.tallies().iter().any(|((camera, _), _)| camera.as_str() == id);
    let camera = CameraId::new(&id).ok().filter(|_| is_configured || is_recorded());
    let camera = camera.ok_or_else(|| Problem::not_found("there is no such camera"))?;
    let storage = &pages.config.storage.path;
    let shown = keeping::timeline(&pages.index, storage, (&camera, stream), (from, to), clock::now().wall);
    shown.await.map(Json).map_err(unavailable)
}

fn range(asked: &Asked) -> Result<(StreamKind, Wall, Wall), Problem> {
    let moment = |name: &str, text: Option<&str>| {
        let text = text.ok_or_else(|| Problem::bad_request(format!("{name} is missing")))?;
        text.parse::<Wall>().map_err(|_| {
            Problem::bad_request(format!(
                "{name} is not an RFC 3339 time such as 2026-11-23T02:15:07Z (write + as %2B)"
            ))
        })
    };
    let (from, to) = (moment("from", asked.from.as_deref())?, moment("to", asked.to.as_deref())?);
    if from >= to {
        return Err(Problem::bad_request("to must be after from"));
    }
    if to.millis_since(from) > LONGEST_MS {
        return Err(Problem::bad_request("the range is longer than 31 days: ask in parts"));
    }
    let stream = match asked.stream.as_deref() {
        None => StreamKind::Main,
        Some(word) => {
            StreamKind::parse(word).ok_or_else(|| Problem::bad_request("stream must be main or sub"))?
        }
    };
    Ok((stream, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: &str, to: &str, stream: Option<&str>) -> Asked {
        Asked { from: Some(from.into()), to: Some(to.into()), stream: stream.map(Into::into) }
    }

    #[test]
    fn a_range_is_read_and_one_that_makes_no_sense_is_refused_in_words() {
        let (stream, from, to) =
            range(&asked("2026-11-23T00:00:00+07:00", "2026-11-24T00:00:00+07:00", Some("sub"))).unwrap();
        assert_eq!((stream, to.millis_since(from)), (StreamKind::Sub, 86_400_000));
        for (asked, why) in [
            (Asked::default(), "from is missing"),
            (asked("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", None), "to must be after from"),
            (
                asked("2026-10-01T00:00:00Z", "2026-11-23T00:00:00Z", None),
                "the range is longer than 31 days: ask in parts",
            ),
            (
                asked("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", Some("third")),
                "stream must be main or sub",
            ),
        ] {
            assert_eq!(range(&asked).unwrap_err(), Problem::bad_request(why));
        }
        assert!(range(&asked("yesterday", "2026-11-24T00:00:00Z", None)).is_err());
    }
}
