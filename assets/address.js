// The address holds what a page shows: filters, open panels, the refresh interval. A link shows a colleague the
// same page, and Back works.

(function () {
    const KEPT = ["open", "auto"];

    // Dash follows the address when somebody goes back or forward: this is the same event.
    function follow() {
        window.dispatchEvent(new PopStateEvent("popstate"));
    }

    function go(url) {
        window.history.pushState({}, "", url);
        follow();
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
            if (asked === open.join(",")) return;
            // The rows of a closed panel are not sent. From its closing until they are here again, none
            // from before are seen.
            event.target.toggleAttribute("data-waiting", true);
            note("open", open.join(","));
            follow();
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
                query.delete("page");
                go(`${window.location.pathname}?${query}`);
                return ids.map(() => no_update);
            },
            // A list's page, order and search: from the address into the list, and back.
            list(search, pages, sorts, finds) {
                const { no_update, callback_context } = window.dash_clientside;
                const query = new URLSearchParams(window.location.search);
                const asked = [Number(query.get("page") || 1) - 1, query.get("sort") || "", query.get("q") || ""];
                if (!pages.length) return [[], [], finds.map(() => no_update)];
                const { orderToText, textToOrder } = window.dash_clientside.tables;
                const shown = [pages[0] || 0, orderToText(sorts[0]), finds[0] || ""];
                if (callback_context.triggered_id === "location") {
                    return [
                        [asked[0] === shown[0] ? no_update : asked[0]],
                        [asked[1] === shown[1] ? no_update : textToOrder(asked[1])],
                        [asked[2] === shown[2] ? no_update : asked[2]],
                    ];
                }
                if (!same(asked, shown)) {
                    // Another order or search begins on its first page.
                    const page = asked[1] === shown[1] && asked[2] === shown[2] ? shown[0] + 1 : 1;
                    const next = { page: page > 1 ? page : "", sort: shown[1], q: shown[2] };
                    for (const [name, value] of Object.entries(next)) {
                        if (value === "") query.delete(name);
                        else query.set(name, value);
                    }
                    go(`${window.location.pathname}?${query}`);
                }
                return [[no_update], [no_update], [no_update]];
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
