/** The reference of /redoc. */

const here = document.getElementById("reference");

const SYSTEM = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, monospace';

const theme = {
  colors: { primary: { main: "#115e59" } },
  typography: {
    fontFamily: SYSTEM,
    headings: { fontFamily: SYSTEM },
    code: { fontFamily: MONO },
  },
};

const options = { theme, scrollYOffset: ".docs-bar", expandResponses: "200,201,202" };
window.Redoc.init(here.dataset.document, options, here);
