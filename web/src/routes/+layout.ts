// The one page is made in the browser; the file that starts it is made at build time.
export const ssr = false;
export const prerender = true;
