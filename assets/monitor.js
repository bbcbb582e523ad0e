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

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        monitor: {
            // The time of the numbers in the viewer's zone, and how long ago: it goes on counting
            // when the server is gone, so that nobody trusts numbers that are old.
            age(_seconds, asOf) {
                if (!asOf || !asOf.at) return ["no numbers yet", ""];
                if (asOf !== shown) {
                    shown = asOf;
                    received = Date.now();
                }
                const elapsed = asOf.age + (Date.now() - received) / 1000;
                const at = new Date(asOf.at);
                return [`as of ${at.toLocaleTimeString()}, ${age(elapsed)}`, at.toISOString()];
            },
            // The default looks every 5 seconds while jobs run. A page never asks more often.
            pace(auto, active) {
                const seconds = Number(auto);
                const lively = seconds === 30 && active ? 5 : seconds;
                return [Math.max(5, lively) * 1000, seconds === 0];
            },
        },
    });
})();
