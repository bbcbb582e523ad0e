// Short ids in tables are links of the form #copy=…: a click copies the whole id.

(function () {
    document.addEventListener("click", async (event) => {
        const link = event.target.closest && event.target.closest("a[href^='#copy=']");
        if (!link) return;
        event.preventDefault();
        const whole = decodeURIComponent(link.getAttribute("href").slice("#copy=".length));
        try {
            await navigator.clipboard.writeText(whole);
            link.dataset.copied = "copied";
        } catch {
            // Without the right to the clipboard (a page over http) the whole id is there to select.
            link.dataset.copied = whole;
        }
        setTimeout(() => delete link.dataset.copied, 2000);
    });
})();
