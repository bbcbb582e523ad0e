// A tick's answer comes in one piece, as callbacks/refresh.py describes it. Here it is written into the
// slots of the page.

(function () {
    function patched(rows) {
        const patch = new window.dash_clientside.Patch();
        for (const [place, cells] of rows) patch.merge([place], cells);
        return patch.build();
    }

    function writeValues(opening, kinds) {
        const write = (name, key, property, value) => {
            const id = { [name]: `${opening}.${key}` };
            // A job may have got a stage since its page was opened: nothing shows that.
            if (document.getElementById(JSON.stringify(id))) window.dash_clientside.set_props(id, { [property]: value });
        };
        for (const [name, property, whole, cells] of kinds) {
            for (const [key, value] of Object.entries(whole)) write(name, key, property, value);
            for (const [key, rows] of Object.entries(cells)) write(name, key, property, patched(rows));
        }
    }

    window.dash_clientside = Object.assign({}, window.dash_clientside, {
        spread: {
            write(changes, digests) {
                const { no_update, callback_context, set_props } = window.dash_clientside;
                return callback_context.inputs_list[0].map(({ id }, i) => {
                    const change = changes[i];
                    // What builds upon other values than the page shows by now is of no use; the next
                    // tick tells what differs then.
                    if (!change || (change.before && change.before !== digests[i])) return no_update;
                    for (const [where, property, value] of change.header) set_props(where, { [property]: value });
                    for (const panel of document.querySelectorAll("[data-waiting][open]")) panel.removeAttribute("data-waiting");
                    if (!change.values) return no_update;
                    try {
                        writeValues(id.changes, change.values);
                    } catch (error) {
                        // What the page shows now is unknown: the next refresh writes all of it.
                        console.error(error);
                        return null;
                    }
                    return change.now;
                });
            },
        },
    });
})();
