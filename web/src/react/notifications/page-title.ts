// "(3) " before the page's title while messages wait, whatever the page makes of its title meanwhile.

const limit = 99;

/** What this page's titles begin with because of us: shared by all badges, so that they agree. */
let applied = "";

export function countLabel(count: number): string {
  return count > limit ? `${limit}+` : String(count);
}

/** Keeps the count in the title; returns how to take it out again. */
export function showInTitle(count: number): () => void {
  const wanted = count > 0 ? `(${countLabel(count)}) ` : "";
  const keep = () => {
    if (applied === wanted && document.title.startsWith(wanted)) return;
    const rest = document.title.startsWith(applied) ? document.title.slice(applied.length) : document.title;
    applied = wanted;
    document.title = wanted + rest;
  };
  keep();
  const watcher = new MutationObserver(keep);
  watcher.observe(document.head, { subtree: true, childList: true, characterData: true });
  return () => {
    watcher.disconnect();
    if (applied && document.title.startsWith(applied)) document.title = document.title.slice(applied.length);
    applied = "";
  };
}
