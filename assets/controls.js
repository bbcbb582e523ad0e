// What Dash's dropdowns and dialogs leave out for people who use a keyboard or hear the page.

(function () {
    function set(element, name, value) {
        if (value === null) element.removeAttribute(name);
        else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }

    // A dropdown takes the focus through a field that readers can't see. Its button takes it itself
    // here, and bears the name of its label.
    function mendButton(button) {
        const field = button.previousElementSibling;
        if (field && field.matches(".dash-dropdown-focus-target")) field.disabled = true;
        button.tabIndex = button.disabled ? -1 : 0;
        set(button, "aria-haspopup", "dialog");
        const label = button.closest("label");
        if (label) {
            // Its name is the label's text and what is chosen. A click on the label opens it.
            label.htmlFor = button.id;
            set(button, "aria-labelledby", null);
        } else if (button.labels.length) {
            set(button, "aria-labelledby", null);
            set(button, "aria-describedby", `${button.id}-value-count ${button.id}-value`);
        }
    }

    // Its choices are boxes to tick, each in its label; called options of a listbox, they are neither.
    function mendChoices(content) {
        const wrapper = content.closest(".dash-dropdown-wrapper");
        const button = wrapper && wrapper.querySelector("button.dash-dropdown");
        const label = button && button.labels[0];
        const name = (label && label.firstChild.textContent) || "Choices";
        set(content, "aria-label", name);
        for (const list of content.querySelectorAll("[role=listbox]")) {
            set(list, "role", "group");
            set(list, "aria-label", name);
        }
        for (const search of content.querySelectorAll("input[type=search]")) set(search, "aria-label", `Search ${name}`);
        for (const option of content.querySelectorAll("label")) {
            set(option, "role", null);
            set(option, "aria-selected", null);
        }
    }

    function mendDialog(dialog) {
        const title = dialog.querySelector(".modal-title");
        if (title) set(dialog, "aria-label", title.textContent);
    }

    const MENDED = {
        "button.dash-dropdown": mendButton,
        ".dash-dropdown-content": mendChoices,
        ".modal[role=dialog]": mendDialog,
    };

    function mend(element) {
        for (const [selector, repair] of Object.entries(MENDED)) {
            const around = element.closest(selector);
            if (around) repair(around);
            element.querySelectorAll(selector).forEach(repair);
        }
    }

    new MutationObserver((changes) => {
        for (const { addedNodes, attributeName, target } of changes) {
            if (attributeName && target.hasAttribute("aria-selected")) mend(target);
            for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) mend(node);
        }
    }).observe(document.documentElement, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ["aria-selected"],
    });
})();
