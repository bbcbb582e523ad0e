// Dash's dropdowns take the focus through a field that readers can't see. Their button takes it itself
// here, and bears the name of its label.

(function () {
    function mend(button) {
        const field = button.previousElementSibling;
        if (field && field.matches(".dash-dropdown-focus-target")) field.disabled = true;
        button.tabIndex = button.disabled ? -1 : 0;
        const label = button.closest("label");
        if (label) {
            // Its name is the label's text and what is chosen. A click on the label opens it.
            label.htmlFor = button.id;
            button.removeAttribute("aria-labelledby");
        } else if (button.labels.length) {
            button.removeAttribute("aria-labelledby");
            button.setAttribute("aria-describedby", `${button.id}-value-count ${button.id}-value`);
        }
    }

    new MutationObserver((changes) => {
        for (const change of changes) {
            for (const added of change.addedNodes) {
                if (added.nodeType !== Node.ELEMENT_NODE) continue;
                added.querySelectorAll("button.dash-dropdown").forEach(mend);
            }
        }
    }).observe(document.documentElement, { childList: true, subtree: true });
})();
