// Where a link may lead, as the server keeps it (HREF in workspace/rich_text/blocks.py).
const MEMBER = /^#member-\d+$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d)/i;
const E_MAIL = /^[^\s@/:]+@[^\s@/:]+\.[^\s@/:.]+$/;

// The address that somebody means who writes `text`: www.gladsaxe.dk and mette@gladsaxe.dk are ones too; null if none.
export function addressIn(text) {
  const written = text.trim();
  if (E_MAIL.test(written)) return `mailto:${written}`;
  if (SCHEME.test(written)) return address(written);
  return /^[^\s./]+(\.[^\s./]+)+(\/|$)/.test(written) ? address(`https://${written}`) : null;
}

// `href` as it is kept, with spaces percent-encoded; null if it leads nowhere from here.
export function address(href) {
  if (MEMBER.test(href)) return href;
  try {
    const { protocol, href: whole } = new URL(href);
    return ["http:", "https:", "mailto:"].includes(protocol) ? whole : null;
  } catch {
    return null;
  }
}
