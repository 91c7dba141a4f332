/** The header that names the next page. https://www.rfc-editor.org/rfc/rfc8288 */
export function nextLink(path: string, query: Readonly<Record<string, number>>) {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return { link: `<${path}?${pairs.join('&')}>; rel="next"` };
}
