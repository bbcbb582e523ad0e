// Takes the first view away when the page itself has been drawn.
(() => {
    const first = document.querySelector("body > .first");
    const root = document.getElementById("react-entry-point");
    if (!first || !root) return;
    const observer = new MutationObserver(() => {
        const page = document.getElementById("page");
        if (!page || !page.firstElementChild || page.querySelector(".skeleton")) return;
        observer.disconnect();
        first.remove();
    });
    observer.observe(root, { childList: true, subtree: true });
})();
