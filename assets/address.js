// The address holds what a page shows: filters, open panels, the pace. A link shows a colleague the
// same page, and Back works.

(function () {
    const KEPT = ["open", "auto"];

    // Dash follows the address when it is told like this; its own links do the same.
    function go(url) {
        window.history.pushState({}, "", url);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    }

    function note(name, value) {
        const url = new URL(window.location);
        if (value === null) url.searchParams.delete(name);
        else url.searchParams.set(name, value);
        window.history.replaceState({}, "", url);
    }

    // A filter's id is {"options": "opening.filter.parameter"}.
    const parameterOf = (id) => id.options.split(".filter.")[1];

    function same(one, other) {
        return one.length === other.length && one.every((value, i) => value === other[i]);
    }

    document.addEventListener(
        "toggle",
        (event) => {
            if (!event.target.dataset || !event.target.dataset.panel) return;
            const panels = [...document.querySelectorAll("details[data-panel]")];
            const asked = new URLSearchParams(window.location.search).get("open");
            const open = panels.filter((panel) => panel.open).map((panel) => panel.dataset.panel);
            // A page that opens toggles its panels too: only what differs from it is worth a note.
            if (asked === null && panels.every((p) => String(p.open) === p.dataset.open)) return;
            if (asked !== open.join(",")) note("open", open.join(","));
        },
        true,
    );

    // Links in tables are plain ones: they lead to pages of ours without loading everything again.
    document.addEventListener("click", (event) => {
        const link = event.target.closest && event.target.closest("td a[href^='/']");
        if (!link || event.defaultPrevented || event.button) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        const url = new URL(link.href);
        if (url.pathname === window.location.pathname) {
            const here = new URLSearchParams(window.location.search);
            for (const name of KEPT) if (here.has(name)) url.searchParams.set(name, here.get(name));
        }
        go(url);
    });

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        address: {
            // Filters and address follow each other: what a person chooses goes into the address, and
            // an address that changes (Back, a link) goes into the filters.
            filter(search, values) {
                const { no_update, callback_context } = window.dash_clientside;
                const ids = callback_context.inputs_list[1].map((input) => input.id);
                const query = new URLSearchParams(window.location.search);
                const asked = ids.map((id) => query.getAll(parameterOf(id)));
                const chosen = values.map((value) => value || []);
                if (chosen.every((value, i) => same(value, asked[i]))) return ids.map(() => no_update);
                if (callback_context.triggered_id === "location") {
                    return asked.map((value, i) => (same(value, chosen[i]) ? no_update : value));
                }
                ids.forEach((id, i) => {
                    query.delete(parameterOf(id));
                    for (const value of chosen[i]) query.append(parameterOf(id), value);
                });
                go(`${window.location.pathname}?${query}`);
                return ids.map(() => no_update);
            },
            auto(search, choice) {
                const asked = new URLSearchParams(window.location.search).get("auto");
                const { no_update, callback_context } = window.dash_clientside;
                if (callback_context.triggered_id === "auto") {
                    note("auto", choice === "30" ? null : choice);
                    return no_update;
                }
                const known = [...document.querySelectorAll("#auto option")].map((o) => o.value);
                return known.includes(asked) && asked !== choice ? asked : no_update;
            },
        },
    });
})();
