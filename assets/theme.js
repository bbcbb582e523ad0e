// Light or dark: the system's, or the one that somebody has chosen for this browser.

(function () {
    const KEY = "pipeline-monitor.theme";
    const dark = window.matchMedia("(prefers-color-scheme: dark)");

    // Without storage (a browser that forbids it) the choice lasts as long as the page.
    let chosen = "system";
    try {
        chosen = localStorage.getItem(KEY) || "system";
    } catch {}

    function apply() {
        const theme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
        document.documentElement.dataset.bsTheme = theme;
    }
    dark.addEventListener("change", apply);
    apply();

    document.addEventListener("change", (event) => {
        if (event.target.id !== "theme") return;
        chosen = event.target.value;
        try {
            if (chosen === "system") localStorage.removeItem(KEY);
            else localStorage.setItem(KEY, chosen);
        } catch {}
        apply();
    });

    // The field says "System" until it is told otherwise, once.
    const waiting = new MutationObserver(() => {
        const field = document.getElementById("theme");
        if (!field) return;
        waiting.disconnect();
        if (chosen !== field.value) window.dash_clientside.set_props("theme", { value: chosen });
    });
    waiting.observe(document.documentElement, { childList: true, subtree: true });
})();
