// What the browser does by itself: the age of the numbers, the interval of the refreshes, the tab's title, and
// what it says to people who hear the page.

(function () {
    let shown = null;
    let received = 0;

    function age(seconds) {
        const whole = Math.max(0, Math.round(seconds));
        if (whole < 60) return `${whole} s ago`;
        if (whole < 3600) return `${Math.floor(whole / 60)} min ago`;
        return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min ago`;
    }

    let auto = 30;
    let active = false;

    function period() {
        // The default looks every 5 seconds while jobs run. A page never asks more often.
        const seconds = auto === 30 && active ? 5 : auto;
        return { interval: Math.max(5, seconds) * 1000, disabled: auto === 0 || document.hidden };
    }

    // A hidden tab does not ask; shown again, it catches up at once.
    document.addEventListener("visibilitychange", () => {
        const next = period();
        if (!next.disabled) next.n_intervals = Date.now();
        window.dash_clientside.set_props("tick", next);
    });

    // Numbers that should have been renewed twice and were not.
    function warn(elapsed) {
        const late = auto > 0 && elapsed > Math.max(60, 2 * auto + 10);
        document.getElementById("age").toggleAttribute("data-stale", late);
    }

    // The tab tells the progress of its pipeline. Once a second: Dash may have a title of its own in
    // mind while it loads, and whoever answers each of its changes at once never ends.
    function entitle() {
        const heading = document.querySelector("#page h1");
        if (!heading) return;
        const complete = document.querySelector(`#page [id^='{"text":'][id$='.complete"}']`);
        const percent = complete && complete.textContent.endsWith("%") ? `${complete.textContent} ` : "";
        const title = `${percent}${heading.firstChild.textContent.trim()} – Pipeline Monitor`;
        if (document.title !== title) document.title = title;
    }

    // The menu tells where one is.
    function markPlace() {
        for (const link of document.querySelectorAll(".top nav a:not(.brand)")) {
            if (link.pathname === window.location.pathname) link.setAttribute("aria-current", "page");
            else link.removeAttribute("aria-current");
        }
    }

    // A link that has led to another page is gone, and the focus with it: it goes on from the page.
    function focusPage() {
        const page = document.getElementById("page");
        if (page && document.activeElement === document.body) page.focus({ preventScroll: true });
    }

    let opened = null;
    new MutationObserver((changes) => {
        const heading = document.querySelector("#page h1");
        if (heading && heading !== opened) {
            markPlace();
            if (opened) focusPage();
            opened = heading;
        }
        for (const { attributeName, target } of changes) {
            if (attributeName === "data-copied" && target.dataset.copied) {
                const done = target.dataset.copied === "copied";
                document.getElementById("said").textContent = done ? "Copied" : "Copying is not allowed";
            }
        }
    }).observe(document.documentElement, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ["data-copied"],
    });

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        page: {
            // The time of the numbers in the viewer's zone, and how long ago: it goes on counting
            // when the server is gone, so that nobody trusts numbers that are old.
            age(_seconds, asOf) {
                entitle();
                if (!asOf || !asOf.at) return ["no numbers yet", ""];
                if (asOf !== shown) {
                    shown = asOf;
                    received = Date.now();
                }
                const elapsed = asOf.age + (Date.now() - received) / 1000;
                warn(elapsed);
                const at = new Date(asOf.at);
                return [`as of ${at.toLocaleTimeString("sv-SE")}, ${age(elapsed)}`, at.toISOString()];
            },
            interval(choice, jobsRun) {
                [auto, active] = [Number(choice), Boolean(jobsRun)];
                const { interval, disabled } = period();
                return [interval, disabled];
            },
        },
    });
})();
