# SPDX-License-Identifier: MIT
"""Debian's Chromium, headless, driven over its DevTools pipe: no library, no port."""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time


class Failed(Exception):
    """The page, or the browser, said no."""


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    def __init__(self, directory, patience=60):
        self.patience, self.number, self.events, self.buffer = patience, 0, [], b""
        self.profile = os.path.join(directory, "profile")
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()
        # It reads from 3 and writes to 4, which may be ours here
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (theirs_read, theirs_write)]

        def place():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-extensions",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                   f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen([find(), *options], pass_fds=(3, 4), preexec_fn=place, stdin=subprocess.DEVNULL, start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(directory)})
        for fd in theirs_read, theirs_write, *high:
            os.close(fd)
        self.reading, self.writing = ours_read, ours_write

    def close(self):
        try:
            self.call("Browser.close")
        except (Failed, OSError):
            self.process.kill()
        self.process.wait(timeout=30)
        os.close(self.reading)
        os.close(self.writing)
        self.remove_profile()

    def remove_profile(self):
        """Processes of the browser's may live longer than it does, and write there."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        until = time.monotonic() + self.patience
        while os.path.exists(self.profile) and time.monotonic() < until:
            shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writing, data):]
        wanted, until = self.number, time.monotonic() + self.patience
        while True:
            answer = self.receive(until, method)
            if answer.get("id") == wanted:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, until, what):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0, until - time.monotonic()))
            part = os.read(self.reading, 1 << 20) if ready else b""
            if not part:
                raise Failed(f"{what}: no answer from the browser")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def page(self, path, width=1280, height=900, media=(), fragment="", wait=True):
        return Page(self, path, width, height, media, fragment, wait)


# Whatever a page must not do is collected where the page itself cannot forget it
WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (e) => window.__violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""


class Page:
    def __init__(self, browser, path, width, height, media, fragment, wait):
        self.browser = browser
        # A profile of its own: what one page keeps, another must not find
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.target, self.session = target, browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Network", "Log":
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if media:
            self.call("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in media])
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.url = "file://" + str(path) + fragment
        self.call("Page.navigate", url=self.url)
        if wait:
            self.wait("document.getElementById('app') && (document.getElementById('app').dataset.ready || document.getElementById('app').dataset.failed)")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def run(self, script):
        """The value of an expression, waited for if it is a promise."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            details = said["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description") or details["text"])
        return said["result"].get("value")

    def wait(self, condition):
        # Asked for by the page itself, once a frame, so that nothing here guesses how long
        return self.run(f"""new Promise((done, failed) => {{ const until = performance.now() + {self.browser.patience * 1000};
            const look = () => {{ let seen; try {{ seen = {condition}; }} catch (error) {{ seen = false; }}
                seen ? done(seen) : performance.now() > until ? failed(new Error({json.dumps(condition)})) : setTimeout(look, 4); }}; look(); }})""")

    def key(self, name, modifiers=0):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35, " ": 32}
        common = {"key": name, "code": name if len(name) > 1 else "", "windowsVirtualKeyCode": codes.get(name, ord(name[0].upper())), "modifiers": modifiers}
        text = {"Enter": "\r"}.get(name, name if len(name) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **({"text": text} if text else {}), **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def mouse(self, kind, x, y, button="left"):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button if kind != "mouseMoved" or button == "held" else "none",
                  clickCount=1, buttons=1 if kind != "mouseReleased" else 0)

    def drag(self, x0, y0, x1, y1):
        self.mouse("mousePressed", x0, y0)
        for step in range(1, 6):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x0 + (x1 - x0) * step / 5, y=y0 + (y1 - y0) * step / 5, button="left", buttons=1)
        self.mouse("mouseReleased", x1, y1)

    def screenshot(self, path, full=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def complaints(self):
        """Requests beside the file itself, violations of the policy, anything on the console."""
        out = ["violation: " + one for one in self.run("window.__violations")]
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            params = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if url.split("#")[0] != self.url.split("#")[0] and not url.startswith(("blob:", "data:")) and url != "about:blank":
                    out.append("request: " + url)
            elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                out.append(event["method"] + ": " + json.dumps(params)[:600])
        return out

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
