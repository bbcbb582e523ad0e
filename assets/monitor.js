// What the browser does by itself: the colour scheme, the age of the numbers, the pace of the ticks.

(function () {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
        document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
    };
    dark.addEventListener("change", apply);
    apply();

    let shown = null;
    let received = 0;

    function age(seconds) {
        const whole = Math.max(0, Math.round(seconds));
        if (whole < 60) return `${whole} s ago`;
        if (whole < 3600) return `${Math.floor(whole / 60)} min ago`;
        return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min ago`;
    }

    // Times come in UTC. They are shown in the viewer's zone, with UTC on hover; React does not mind,
    // as it writes a text again only when the server sends another one.
    function localize() {
        for (const element of document.querySelectorAll(".moment")) {
            const utc = element.textContent.match(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/);
            if (!utc) continue;
            element.title = utc[0];
            element.firstChild.nodeValue = new Date(`${utc[1]}T${utc[2]}Z`).toLocaleString();
        }
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

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        monitor: {
            // The time of the numbers in the viewer's zone, and how long ago: it goes on counting
            // when the server is gone, so that nobody trusts numbers that are old.
            age(_seconds, asOf) {
                localize();
                if (!asOf || !asOf.at) return ["no numbers yet", ""];
                if (asOf !== shown) {
                    shown = asOf;
                    received = Date.now();
                }
                const elapsed = asOf.age + (Date.now() - received) / 1000;
                const at = new Date(asOf.at);
                return [`as of ${at.toLocaleTimeString()}, ${age(elapsed)}`, at.toISOString()];
            },
            pace(choice, jobsRun) {
                [auto, active] = [Number(choice), Boolean(jobsRun)];
                const { interval, disabled } = period();
                return [interval, disabled];
            },
        },
    });
})();
