"""Signs in at a centre that a benchmark runs, as people do.

    people.py BINARY CONFIG PORT    signs in from where it is run, perhaps a network namespace; prints the headers as JSON
"""

import http.client
import json
import subprocess
import sys

OWN = "mật khẩu của phép đo"


def sign_in(binary, config, port, host="127.0.0.1"):
    """The header lines of the first administrator, who gets a new password at the console and chooses one."""
    command = [binary, "user", "password", "admin", "--config", config]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    once = next(line.split(": ", 1)[1] for line in said.splitlines() if line.startswith("password of admin: "))
    headers = {"Content-Type": "application/json"}
    _, cookie, session = ask(host, port, "POST", "/api/session", headers, {"name": "admin", "password": once})
    headers |= {"Cookie": cookie.split(";")[0], "X-CSRF-Token": session["csrf"]}
    status, _, told = ask(host, port, "PUT", "/api/session/password", headers, {"old": once, "new": OWN})
    if status != 204:
        raise SystemExit(f"bench: the password could not be changed: {told}")
    return {name: headers[name] for name in ("Cookie", "X-CSRF-Token")}


def ask(host, port, method, path, headers, body):
    """Status, cookie and body of an answer."""
    connection = http.client.HTTPConnection(host, port, timeout=20)
    try:
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.getheader("set-cookie") or "", json.loads(text) if text else None
    finally:
        connection.close()


if __name__ == "__main__":
    print(json.dumps(sign_in(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
