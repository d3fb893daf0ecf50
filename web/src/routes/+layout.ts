// The pages are made in the browser; the files that start them are made at build time, one for each address.
export const ssr = false;
export const prerender = true;
export const trailingSlash = 'never';
