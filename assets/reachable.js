// Says when the server can't be reached, at any refresh choice, and goes on when it is back.

(function () {
    const OFTEN = 5000;
    // A page that asks for nothing looks whether the server is there, so seldom.
    const SELDOM = 30000;
    const ENOUGH = 2;
    // What a proxy answers for a server that is gone.
    const GONE = [502, 504];

    const ask = window.fetch;
    let failures = 0;
    let since = null;
    let heard = Date.now();
    let missed = false;

    function time(at) {
        return at.toLocaleTimeString("sv-SE");
    }

    function show() {
        const place = document.getElementById("unreachable");
        if (!place) return;
        place.hidden = failures < ENOUGH;
        const words = place.hidden ? "" : `Server not reachable since ${time(since)}, retrying`;
        if (place.textContent !== words) place.textContent = words;
    }

    function fail() {
        since = since || new Date();
        failures += 1;
        show();
    }

    function succeed() {
        heard = Date.now();
        const was = failures;
        failures = 0;
        since = null;
        show();
        if (was < ENOUGH) return;
        // A page that was asked for meanwhile never came.
        if (missed) window.location.reload();
        else window.dash_clientside.set_props("tick", { n_intervals: Date.now() });
    }

    // Dash asks through this, and through nothing else.
    window.fetch = async function (resource, options) {
        const address = String(resource && resource.url ? resource.url : resource);
        const isDash = address.includes("_dash-update-component");
        try {
            const answer = await ask.call(window, resource, options);
            if (isDash) {
                if (GONE.includes(answer.status)) fail();
                else succeed();
            }
            return answer;
        } catch (error) {
            if (isDash && error.name !== "AbortError") {
                missed = missed || String((options && options.body) || "").includes('"output":"..page.children');
                fail();
            }
            throw error;
        }
    };

    async function probe() {
        const late = failures > 0 || Date.now() - heard >= SELDOM;
        if (!document.hidden && late) {
            const ended = new AbortController();
            const timer = setTimeout(() => ended.abort(), OFTEN);
            try {
                const answer = await ask.call(window, "/healthz", { cache: "no-store", signal: ended.signal });
                if (GONE.includes(answer.status)) fail();
                else succeed();
            } catch {
                fail();
            }
            clearTimeout(timer);
        }
        setTimeout(probe, OFTEN);
    }
    setTimeout(probe, OFTEN);

    // A page that could not be read is asked for again until it can.
    setInterval(() => {
        const waits = document.querySelector("[data-retry]");
        if (waits && !document.hidden && failures === 0) window.location.reload();
    }, OFTEN);
})();
