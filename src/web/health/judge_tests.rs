use super::*;

const DAY_MS: i64 = 86_400_000;

fn now() -> Wall {
    Wall::from_millis(1_795_400_107_120)
}

fn gate() -> CameraId {
    CameraId::new("gate").unwrap()
}

fn well() -> Facts {
    let disk =
        Disk { free_bytes: 5, total_bytes: 10, days_left: Some(40.0), keep_days: 30.0, is_stuck: false };
    let link = Link { is_up: true, since: now(), waiting: Backlog::default(), last_at: Some(now()) };
    Facts {
        now: now(),
        cameras: vec![(gate(), CameraState::Streaming, now())],
        recording: Health::Well,
        disk: Some(disk),
        link: Some(link),
        quarantined: 0,
        given_up: (0, 0),
        clock: ClockState { state: ClockTrust::Synchronised, offset_ms: Some(3) },
        certificate: Some(Ok(now().plus_millis(200 * DAY_MS))),
        web_certificate: None,
        faults: vec![],
        seeing: vec![(gate(), Seeing { done: 1000, dropped: 20 })],
        hanging: 0,
        databases: true,
    }
}

/// What is not good of these facts.
fn wrong(facts: &Facts) -> Vec<(&'static str, &'static str, Wellness)> {
    let items = judge(facts).into_iter().filter(|item| item.state != Wellness::Good);
    items.map(|item| (item.part, item.code, item.state)).collect()
}

#[test]
fn a_centre_that_is_well_needs_nobody() {
    let items = judge(&well());
    assert_eq!(worst(&items), Wellness::Good);
    let codes: Vec<_> = items.iter().map(|item| format!("{} {}", item.part, item.code)).collect();
    assert_eq!(
        codes,
        [
            "camera streaming",
            "recording well",
            "disk room",
            "province delivered",
            "undelivered none",
            "clock synchronised",
            "certificate good",
            "web-certificate none",
            "models good",
            "seeing good",
            "database well",
        ]
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut facts = well();
    facts.cameras = vec![(gate(), CameraState::Lost, now()), (gate(), CameraState::Stalled, now())];
    facts.recording = Health::Failed { why: "Input/output error".into() };
    facts.disk = None;
    facts.quarantined = 1;
    facts.clock = ClockState { state: ClockTrust::Unknown, offset_ms: None };
    facts.certificate = Some(Ok(now()));
    facts.web_certificate = Some(Err("no PEM".into()));
    facts.faults = vec![("people".into(), "missing".into()), ("sounds".into(), "missing".into())];
    facts.hanging = 2;
    facts.databases = false;
    let all = wrong(&facts);
    let bad = |part, code| (part, code, Wellness::Bad);
    let attention = |part, code| (part, code, Wellness::Attention);
    assert_eq!(
        all,
        [
            bad("camera", "lost"),
            attention("camera", "stalled"),
            bad("recording", "failing"),
            bad("disk", "away"),
            attention("undelivered", "some"),
            attention("clock", "unknown"),
            bad("certificate", "expired"),
            bad("web-certificate", "unreadable"),
            bad("models", "fault"),
            bad("models", "fault"),
            attention("seeing", "hanging"),
            bad("database", "silent"),
        ]
    );
}

#[test]
fn a_disk_that_is_smaller_than_what_is_to_be_kept_is_low_and_one_that_is_stuck_loses_footage() {
    let of = |days_left, is_stuck| {
        let disk = Some(Disk { days_left, is_stuck, ..well().disk.unwrap() });
        wrong(&Facts { disk, ..well() })
    };
    assert_eq!(of(None, false), [], "nobody knows yet");
    assert_eq!(of(Some(29.9), false), [("disk", "low", Wellness::Attention)]);
    assert_eq!(of(Some(40.0), true), [("disk", "stuck", Wellness::Bad)]);
}

#[test]
fn what_waits_for_minutes_is_a_backlog_and_a_line_that_is_away_for_an_hour_stays_away() {
    let minutes = |n: i64| now().plus_millis(-n * 60_000);
    let of = |is_up, since, oldest: Option<Wall>| {
        let waiting = Backlog { events: 3, files: 1, bytes: 9, oldest };
        let link = Some(Link { is_up, since, waiting, last_at: None });
        let items = judge(&Facts { link, ..well() });
        let found = items.into_iter().find(|item| item.part == "province").unwrap();
        (found.code, found.state)
    };
    assert_eq!(of(true, minutes(500), Some(minutes(10))), ("backlog", Wellness::Good));
    assert_eq!(of(true, minutes(500), Some(minutes(11))), ("backlog", Wellness::Attention));
    assert_eq!(of(false, minutes(60), None), ("disconnected", Wellness::Attention));
    assert_eq!(of(false, minutes(61), None), ("disconnected", Wellness::Bad));
}

#[test]
fn a_certificate_is_told_30_days_ahead() {
    let of = |left_ms: i64| {
        let item = certificate("certificate", Some(&Ok(now().plus_millis(left_ms))), now());
        (item.code, item.state, item.values.get("days").and_then(Value::as_i64))
    };
    assert_eq!(of(30 * DAY_MS), ("good", Wellness::Good, Some(30)));
    assert_eq!(of(30 * DAY_MS - 1), ("soon", Wellness::Attention, Some(29)));
    assert_eq!(of(7 * DAY_MS - 1), ("soon", Wellness::Bad, Some(6)));
    assert_eq!(of(0), ("expired", Wellness::Bad, None));
}

#[test]
fn a_machine_is_behind_where_it_passes_over_one_in_ten() {
    let of = |done, dropped| wrong(&Facts { seeing: vec![(gate(), Seeing { done, dropped })], ..well() });
    assert_eq!(of(0, 10), [], "a few");
    assert_eq!(of(99, 11), []);
    assert_eq!(of(98, 11), [("seeing", "behind", Wellness::Attention)]);
}
