// Times come in UTC. They are shown in the viewer's zone, with UTC on hover, before the browser draws
// them. React does not mind, as it writes a text again only when the server sends another one.

(function () {
    const UTC = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/;
    const PLACES = `.timestamp, ${window.dash_clientside.tables.cellText}`;
    const local = new WeakMap();

    function localize(element) {
        const text = element.firstChild;
        if (!text || text.nodeType !== Node.TEXT_NODE) return;
        const utc = text.nodeValue.match(UTC);
        if (utc) {
            // Year first, as the server writes it: equally wide, and never taken for another day.
            const there = new Date(`${utc[1]}T${utc[2]}Z`).toLocaleString("sv-SE");
            element.title = utc[0];
            local.set(element, there);
            text.nodeValue = there;
        } else if (local.has(element) && local.get(element) !== text.nodeValue) {
            // The cell has got another row's text.
            local.delete(element);
            element.removeAttribute("title");
        }
    }

    function look(change) {
        const element = change.target.nodeType === Node.TEXT_NODE ? change.target.parentElement : change.target;
        if (!element) return;
        if (element.matches(PLACES)) localize(element);
        for (const added of change.addedNodes) {
            if (added.nodeType !== Node.ELEMENT_NODE) continue;
            if (added.matches(PLACES)) localize(added);
            added.querySelectorAll(PLACES).forEach(localize);
        }
    }

    new MutationObserver((changes) => changes.forEach(look)).observe(document.documentElement, {
        childList: true,
        characterData: true,
        subtree: true,
    });
})();
