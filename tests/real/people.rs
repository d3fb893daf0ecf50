//! Who is let in to what, at a real centre: the first password, rights, failures, sessions, TLS, the audit log.

use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Answer, PASSWORD, Process, ask_as_is, free_port, get, get_json, send_json, signed_in, wait_for,
};

/// A centre whose one camera is not there; its pages are all that matters.
struct Centre {
    folder: tempfile::TempDir,
    port: u16,
}

impl Centre {
    fn new(web: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("quaywatch-people-").tempdir().unwrap();
        let centre = Self { port: free_port(), folder };
        let text = format!(
            r#"
[centre]
id = "xuan-lung"
name = "Xuân Lũng"
default_rules = false

[storage]
path = "{}"
keep = "30d"
reserve = "10MB"
purpose = "thử nghiệm"

[web]
listen = "127.0.0.1:{}"
{web}

[[camera]]
id = "counter-1"
name = "Quầy 1"
main = "rtsp://127.0.0.1:{}/nowhere"

[[camera]]
id = "gate"
name = "Cổng"
main = "rtsp://127.0.0.1:{}/nowhere"
"#,
            centre.storage().display(),
            centre.port,
            free_port(),
            free_port(),
        );
        std::fs::write(centre.config(), text).unwrap();
        centre
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("edge.toml")
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("centre")
    }

    fn start(&self) -> Process {
        let config = self.config();
        let args = ["--log-format", "json", "edge", "--config", config.to_str().unwrap()];
        let process = Process::start("edge", &args, self.folder.path());
        process.wait_for_log("the centre's pages are served", 20);
        process
    }

    /// What was said at every start so far.
    fn said(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let said = files.filter(|path| path.extension().is_some_and(|ending| ending == "out"));
        said.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    fn type_in(&self, args: &[&str]) -> (bool, String) {
        let config = self.config();
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        let output = command.args(args).arg("--config").arg(config).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    }
}

/// Somebody on a browser of their own.
struct Browser {
    port: u16,
    cookie: String,
    csrf: String,
}

impl Browser {
    fn try_in(port: u16, name: &str, password: &str) -> Answer {
        let body = json!({ "name": name, "password": password }).to_string();
        ask_as_is(port, "POST", "/api/session", &json_head(&body), &body).unwrap()
    }

    fn sign_in(port: u16, name: &str, password: &str) -> Self {
        let answer = Self::try_in(port, name, password);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let set = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(
            set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/"),
            "{set}"
        );
        let told: Value = serde_json::from_slice(&answer.body).unwrap();
        let cookie = set.split(';').next().unwrap().to_owned();
        Self { port, cookie, csrf: told["csrf"].as_str().unwrap().to_owned() }
    }

    /// Somebody new of this role, who has chosen a password.
    fn of_role(port: u16, role: &str, more: Value) -> Self {
        let name = format!("{role}-1");
        let mut new = json!({ "name": name, "full_name": role, "role": role });
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let added = send_json(port, "POST", "/api/users", &new).unwrap();
        assert_eq!(added.status, 201, "{}", String::from_utf8_lossy(&added.body));
        let added: Value = serde_json::from_slice(&added.body).unwrap();
        let first = added["password"].as_str().unwrap();
        let once = Self::sign_in(port, &name, first);
        assert_eq!(once.code("GET", "/api/cameras", None), (403, "must-change".to_owned()));
        let own = json!({ "old": first, "new": PASSWORD });
        assert_eq!(once.ask("PUT", "/api/session/password", Some(&own)).status, 204);
        once
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!("Cookie: {}\r\nX-CSRF-Token: {}\r\n{}", self.cookie, self.csrf, json_head(&body));
        ask_as_is(self.port, method, path, &head, &body).unwrap()
    }

    fn code(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let answer = self.ask(method, path, body);
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, told["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn json_head(body: &str) -> String {
    format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
}

/// Every operation that the centre says it has: method, path with its parts filled in, right.
fn operations(port: u16) -> Vec<(String, String, Option<String>)> {
    let said = get_json(port, "/api/openapi.json");
    let mut all = vec![];
    for (path, item) in said["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path
                .replace("/cameras/{id}", "/cameras/gate")
                .replace("/users/{name}", "/users/nobody")
                .replace("/rules/{rule}", "/rules/scream")
                .replace("{page}", "clip.mp4")
                .replace("{name}", "1.mp4")
                .replace("{id}", "0193b3c4-0000-7000-8000-000000000001");
            let right = operation["x-right"].as_str().map(str::to_owned);
            all.push((method.to_uppercase(), path, right));
        }
    }
    assert!(all.len() > 20, "{all:?}");
    all
}

const OPEN: [&str; 2] = ["/healthz", "/readyz"];

#[test]
fn the_first_password_is_said_once_counts_once_and_is_changed_before_anything_else() {
    let centre = Centre::new("");
    let process = centre.start();
    let said = centre.said();
    let first = said.lines().find_map(|line| line.strip_prefix("admin password: ")).unwrap().to_owned();
    assert!(!process.log().contains(&first), "it is not in the log");
    let admin = Browser::sign_in(centre.port, "admin", &first);
    for (path, code) in
        [("/api/cameras", "must-change"), ("/api/users", "must-change"), ("/api/incidents", "must-change")]
    {
        assert_eq!(admin.code("GET", path, None), (403, code.to_owned()), "{path}");
    }
    for (new, code) in [("ngắn", "too-short"), (&*first, "same"), ("aaaaaaaaaaaaaaaa", "too-common")] {
        let asked = json!({ "old": first, "new": new });
        assert_eq!(admin.code("PUT", "/api/session/password", Some(&asked)), (400, code.to_owned()));
    }
    let asked = json!({ "old": first, "new": PASSWORD });
    assert_eq!(admin.ask("PUT", "/api/session/password", Some(&asked)).status, 204);
    assert_eq!(admin.ask("GET", "/api/cameras", None).status, 200);
    assert_eq!(Browser::try_in(centre.port, "admin", &first).status, 401, "it counted once");
    assert!(process.stop().success());

    let _process = centre.start();
    assert_eq!(centre.said().matches("admin password: ").count(), 1, "it is not said again");
    assert_eq!(
        admin.code("GET", "/api/cameras", None),
        (401, "signed-out".to_owned()),
        "a restart ends sessions"
    );
    assert_eq!(Browser::sign_in(centre.port, "admin", PASSWORD).ask("GET", "/api/cameras", None).status, 200);
    // Who has lost it asks at the machine itself.
    let (is_done, told) = centre.type_in(&["user", "password", "admin"]);
    let another = told.lines().find_map(|line| line.strip_prefix("password of admin: ")).unwrap();
    assert!(is_done && Browser::try_in(centre.port, "admin", PASSWORD).status == 401);
    Browser::sign_in(centre.port, "admin", another);
    // A slip of the keys there is told, and adds nobody.
    let add = ["user", "add", "lan", "--role", "staff", "--full-name"];
    for (more, why) in [
        (vec!["Lan", "--only", "gat"], "\"gat\" trong cấu hình, chỉ có counter-1, gate"),
        (vec![" "], "tên đầy đủ"),
    ] {
        let (is_done, told) = centre.type_in(&[&add[..], &more].concat());
        assert!(!is_done && told.contains(why), "{told}");
    }
    assert!(centre.type_in(&[&add[..], &["Lan", "--only", "gate"]].concat()).0);
}

#[test]
fn without_a_session_nothing_is_given_and_without_its_token_nothing_is_changed() {
    let centre = Centre::new("");
    let _process = centre.start();
    let admin = signed_in(centre.port);
    let cookie = admin.lines().find(|line| line.starts_with("Cookie: ")).unwrap();
    for (method, path, _) in operations(centre.port) {
        let is_sign_in = method == "POST" && path == "/api/session";
        if OPEN.contains(&path.as_str()) || is_sign_in {
            continue;
        }
        let nobody = ask_as_is(centre.port, &method, &path, "", "").unwrap();
        assert_eq!(nobody.status, 401, "{method} {path}");
        let forged = ask_as_is(centre.port, &method, &path, "Cookie: quaywatch=AAAA\r\n", "").unwrap();
        assert_eq!(forged.status, 401, "{method} {path}");
        if method != "GET" {
            let from_elsewhere =
                ask_as_is(centre.port, &method, &path, &format!("{cookie}\r\n"), "").unwrap();
            assert_eq!(from_elsewhere.status, 403, "{method} {path}");
            let lines = format!("{admin}Origin: http://evil.example\r\n");
            let from_elsewhere = ask_as_is(centre.port, &method, &path, &lines, "").unwrap();
            assert_eq!(from_elsewhere.status, 403, "{method} {path}");
        }
    }
    assert_eq!(ask_as_is(centre.port, "GET", "/api/openapi.json", "", "").unwrap().status, 401);
    let socket = format!("{cookie}\r\nUpgrade: websocket\r\nOrigin: http://evil.example\r\n");
    assert_eq!(ask_as_is(centre.port, "GET", "/api/live", &socket, "").unwrap().status, 403);
}

#[test]
fn each_role_gets_what_its_rights_say_and_nothing_by_another_address() {
    let centre = Centre::new("");
    let _process = centre.start();
    let operations = operations(centre.port);
    for role in ["viewer", "staff", "supervisor", "technician", "monitor"] {
        let somebody = Browser::of_role(centre.port, role, json!({}));
        let session: Value = serde_json::from_slice(&somebody.ask("GET", "/api/session", None).body).unwrap();
        let rights: Vec<&str> =
            session["user"]["rights"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for (method, path, right) in &operations {
            let Some(right) = right else { continue };
            // It goes on for ever, once it is let in.
            if path == "/api/live" && rights.contains(&"live") {
                continue;
            }
            let (status, code) = somebody.code(method, path, None);
            let is_refused = (status, code.as_str()) == (403, "right");
            assert_eq!(
                is_refused,
                !rights.contains(&right.as_str()),
                "{role}: {method} {path}: {status} {code}"
            );
            assert!(status < 500, "{role}: {method} {path}: {status}");
        }
    }
}

#[test]
fn who_is_limited_to_a_camera_sees_no_other() {
    let centre = Centre::new("");
    let _process = centre.start();
    let somebody = Browser::of_role(centre.port, "staff", json!({ "only": ["gate"] }));
    let cameras: Value = serde_json::from_slice(&somebody.ask("GET", "/api/cameras", None).body).unwrap();
    let seen: Vec<_> =
        cameras["cameras"].as_array().unwrap().iter().map(|camera| camera["id"].clone()).collect();
    assert_eq!(seen, ["gate"]);
    let asked = "timeline?from=2026-11-23T00:00:00Z&to=2026-11-23T01:00:00Z";
    for (camera, status) in [("gate", 200), ("counter-1", 404), ("cellar", 404)] {
        let answer = somebody.ask("GET", &format!("/api/cameras/{camera}/{asked}"), None);
        assert_eq!(answer.status, status, "{camera}");
    }
}

#[test]
fn five_wrong_passwords_lock_the_name_and_what_was_typed_is_not_kept() {
    let centre = Centre::new("");
    let _process = centre.start();
    signed_in(centre.port);
    for _ in 0..5 {
        assert_eq!(Browser::try_in(centre.port, "admin", "không phải mật khẩu").status, 401);
    }
    let locked = Browser::try_in(centre.port, "admin", PASSWORD);
    assert_eq!(locked.status, 429);
    assert!(locked.head.contains("retry-after: "), "{}", locked.head);
    // Whoever is in stays in.
    let log = get_json(centre.port, "/api/audit?limit=50");
    let told = |action: &str| {
        log["entries"].as_array().unwrap().iter().filter(|one| one["action"] == action).count()
    };
    assert_eq!((told("sign-in-failed"), told("locked")), (4, 1), "{log}");
    assert!(!log.to_string().contains("mật khẩu"));
}

#[test]
fn what_was_done_is_on_the_log_and_verify_finds_what_was_changed_in_it() {
    let centre = Centre::new("");
    let process = centre.start();
    signed_in(centre.port);
    assert_eq!(get_json(centre.port, "/api/audit/check")["intact"], true);
    let log = get(centre.port, "/api/audit/log.jsonl").unwrap();
    let lines = String::from_utf8(log.body).unwrap();
    let file = centre.folder.path().join("audit.jsonl");
    let verify = |path: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quaywatch"));
        let output = command.arg("verify").arg(path).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    std::fs::write(&file, &lines).unwrap();
    let (code, told) = verify(&file);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("whole and unchanged"), "{told}");
    std::fs::write(&file, lines.replacen("password-changed", "password-forgotten", 1)).unwrap();
    let (code, told) = verify(&file);
    assert!(code == Some(1) && told.contains("was changed"), "{told}");
    let database = centre.storage().join("centre.sqlite");
    assert_eq!(verify(&database).0, Some(0), "beside the running centre");
    assert!(process.stop().success());
    assert_eq!(verify(&database).0, Some(0));
}

#[test]
fn a_session_without_use_ends_and_whoever_listens_is_told() {
    let centre = Centre::new("idle = \"1min\"");
    let _process = centre.start();
    let lines = signed_in(centre.port);
    let mut stream = TcpStream::connect(("127.0.0.1", centre.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    let asked = format!("GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n");
    std::io::Write::write_all(&mut stream, asked.as_bytes()).unwrap();
    let (mut heard, mut bytes) = (String::new(), [0; 4096]);
    wait_for("the end of the session", 90, || {
        let read = stream.read(&mut bytes).unwrap();
        heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
        heard.contains("session-ended").then_some(())
    });
    let answer = ask_as_is(centre.port, "GET", "/api/cameras", &lines, "").unwrap();
    assert_eq!(answer.status, 401);
}

#[test]
fn who_is_disabled_is_out_at_once_and_the_last_admin_stays() {
    let centre = Centre::new("");
    let _process = centre.start();
    let somebody = Browser::of_role(centre.port, "staff", json!({}));
    assert_eq!(somebody.ask("GET", "/api/cameras", None).status, 200);
    let out = send_json(centre.port, "PATCH", "/api/users/staff-1", &json!({ "disabled": true })).unwrap();
    assert_eq!(out.status, 200, "{}", String::from_utf8_lossy(&out.body));
    assert_eq!(somebody.ask("GET", "/api/cameras", None).status, 401);
    assert_eq!(Browser::try_in(centre.port, "staff-1", PASSWORD).status, 401);
    let last = send_json(centre.port, "PATCH", "/api/users/admin", &json!({ "role": "viewer" })).unwrap();
    assert_eq!(last.status, 409);
}

#[test]
fn a_centre_that_others_reach_has_a_certificate_or_says_what_is_missing() {
    let centre = Centre::new("");
    let text = std::fs::read_to_string(centre.config()).unwrap();
    let wide = text.replace("listen = \"127.0.0.1:", "listen = \"0.0.0.0:");
    std::fs::write(centre.config(), &wide).unwrap();
    let (is_good, told) = centre.type_in(&["check", "--offline"]);
    assert!(!is_good && told.contains("passwords would go there for all to read"), "{told}");

    let key = rcgen::KeyPair::generate().unwrap();
    let named = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = named.self_signed(&key).unwrap().pem();
    let (certificate_path, key_path) =
        (centre.folder.path().join("web.pem"), centre.folder.path().join("web.key"));
    std::fs::write(&certificate_path, certificate).unwrap();
    std::fs::write(&key_path, key.serialize_pem()).unwrap();
    let tls = "[web]\ncertificate = \"web.pem\"\nkey = \"web.key\"";
    std::fs::write(centre.config(), wide.replace("[web]", tls)).unwrap();
    let _process = centre.start();
    let asked = |path: &str| {
        let address = format!("https://localhost:{}{path}", centre.port);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--cacert"]).arg(&certificate_path).arg(address);
        let output = curl.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(asked("/readyz").starts_with("HTTP/1.1 200"));
    assert!(asked("/api/cameras").starts_with("HTTP/1.1 401"));
    let clear = TcpStream::connect(("127.0.0.1", centre.port)).unwrap();
    drop(clear);
    assert!(get(centre.port, "/readyz").is_err(), "nothing is said in the clear");
}
