// What DataTable leaves out: names for its buttons and fields, a keyboard for its sort arrows, and what
// the style sheet needs to know of a cell. React redraws tables, so each change of one is fixed.

(function () {
    const PAGER = {
        "button.first-page": "First page",
        "button.previous-page": "Previous page",
        "button.next-page": "Next page",
        "button.last-page": "Last page",
        "input.current-page": "Page",
    };
    // What is no button by itself.
    const BUTTONS = ".column-header--sort, td[data-long] .dash-cell-value";
    const LONG = 240;
    const ORDERS = { "sort-up": "ascending", "sort-down": "descending" };

    function set(element, name, value) {
        if (value === null) element.removeAttribute(name);
        else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }

    function titleOf(container) {
        const panel = container.closest(".panel, section, main");
        const title = panel && panel.querySelector("summary, h2, h1");
        return title ? title.firstChild.textContent.trim() : "";
    }

    function mendHeader(container) {
        const names = {};
        for (const header of container.querySelectorAll("th.dash-header")) {
            set(header, "scope", "col");
            // Above links, the row of totals has nothing to head.
            set(header, "role", header.textContent.trim() ? null : "cell");
            const arrow = header.querySelector(".column-header--sort");
            if (!arrow) continue;
            const name = header.querySelector(".column-header-name").textContent;
            names[header.dataset.dashColumn] = name;
            const icon = arrow.querySelector("svg");
            set(header, "aria-sort", ORDERS[icon && icon.dataset.icon] || null);
            set(arrow, "role", "button");
            set(arrow, "tabindex", "0");
            set(arrow, "aria-label", `Sort by ${name}`);
        }
        for (const cell of container.querySelectorAll("th.dash-filter")) {
            set(cell, "role", "cell");
            const field = cell.querySelector("input");
            if (field) set(field, "aria-label", `Filter ${names[cell.dataset.dashColumn]}`);
        }
    }

    function mendPager(container) {
        for (const [selector, name] of Object.entries(PAGER)) {
            const part = container.querySelector(`.previous-next-container ${selector}`);
            if (part) set(part, "aria-label", name);
        }
    }

    function mendCells(container) {
        for (const cell of container.querySelectorAll('td[data-dash-column$="percent"]')) {
            const percent = Number.parseFloat(cell.textContent);
            // A task that does not say how far it is has no line, rather than an empty one.
            cell.style.setProperty("--pm-share", Number.isNaN(percent) ? 0 : percent / 100);
            cell.style.setProperty("--pm-line", Number.isNaN(percent) ? "0px" : "3px");
        }
        for (const cell of container.querySelectorAll('td[data-dash-column="status"]')) {
            // The word, without the symbol before it.
            set(cell, "data-status", cell.textContent.replace(/^\W+ /, ""));
        }
    }

    // A page-long error is cut by the style sheet; it is a button that opens it.
    const read = new WeakMap();
    function mendErrors(container) {
        for (const cell of container.querySelectorAll('td[data-dash-column^="error"]')) {
            const value = cell.querySelector(".dash-cell-value");
            const text = value ? value.textContent : "";
            if (!value || read.get(cell) === text) continue;
            read.set(cell, text);
            const long = text.length > LONG;
            set(cell, "data-long", long ? "cut" : null);
            set(value, "role", long ? "button" : null);
            set(value, "tabindex", long ? "0" : null);
            set(value, "aria-expanded", long ? "false" : null);
        }
    }

    function toggle(value) {
        const cell = value.closest("td");
        const open = cell.dataset.long !== "open";
        cell.dataset.long = open ? "open" : "cut";
        value.setAttribute("aria-expanded", String(open));
    }

    function mend(container) {
        const table = container.querySelector("table.cell-table");
        if (table) set(table, "aria-label", titleOf(container));
        mendHeader(container);
        mendPager(container);
        mendCells(container);
        mendErrors(container);
    }

    // On the last page, "next" is disabled under the finger that has pressed it.
    function keepFocus(button) {
        if (!button.disabled || (document.activeElement !== button && document.activeElement !== document.body)) return;
        const other = button.matches(".next-page, .last-page") ? ".previous-page" : ".next-page";
        if (button === pressed) button.parentElement.querySelector(`button${other}`).focus();
    }
    // Noted on the way down: React answers on the way up, before anybody else hears of the click.
    let pressed = null;
    document.addEventListener(
        "click",
        (event) => {
            if (!event.target.closest) return;
            pressed = event.target.closest(".previous-next-container button");
            const error = event.target.closest("td[data-long] .dash-cell-value");
            // Who marks a part of it wants to copy it.
            if (error && window.getSelection().isCollapsed) toggle(error);
        },
        true,
    );

    // DataTable takes keys for a cell cursor that our tables do not have: Tab would never leave a table,
    // Enter never reach a button. It gets those that are typed into a field.
    document.addEventListener(
        "keydown",
        (event) => {
            const { target, key } = event;
            if (!target.closest || !target.closest(".dash-table-container")) return;
            if (target.matches("input") && key !== "Tab") return;
            event.stopPropagation();
            if ((key === "Enter" || key === " ") && target.matches(BUTTONS)) {
                event.preventDefault();
                target.click();
            }
        },
        true,
    );

    function containersOf(change) {
        const around = change.target.parentElement && change.target.parentElement.closest(".dash-table-container");
        const inside = [...change.addedNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE);
        const added = inside.flatMap((node) => [
            ...(node.matches(".dash-table-container") ? [node] : []),
            ...node.querySelectorAll(".dash-table-container"),
        ]);
        return around ? [around, ...added] : added;
    }

    new MutationObserver((changes) => {
        new Set(changes.flatMap(containersOf)).forEach(mend);
        changes.filter((change) => change.attributeName === "disabled").forEach((change) => keepFocus(change.target));
    }).observe(document.documentElement, {
        childList: true,
        characterData: true,
        subtree: true,
        attributes: true,
        attributeFilter: ["data-icon", "disabled"],
    });

    // What other scripts need of tables. An order is a column's name, with a minus for descending, or "".
    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        tables: {
            cellText: "td .dash-cell-value",
            orderToText(sorts) {
                const [first] = sorts || [];
                return first ? (first.direction === "desc" ? "-" : "") + first.column_id : "";
            },
            textToOrder(text) {
                if (!text) return [];
                return [{ column_id: text.replace(/^-/, ""), direction: text[0] === "-" ? "desc" : "asc" }];
            },
        },
    });
})();
