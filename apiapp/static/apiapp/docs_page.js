/** The console of /docs: Swagger UI, calling as this browser is signed in, or with a key. */

import { csrfToken } from "../site/api.js";

const here = document.getElementById("reference");

/** Swagger UI has its own dark colours, by a class. */
const isDark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", followScheme);
followScheme();

/** Django wants the token with what changes something, and nobody else is to have it. */
function signed(request) {
  const isOurs = new URL(request.url, location.href).origin === location.origin;
  if (isOurs && !["GET", "HEAD"].includes(request.method ?? "GET")) {
    request.headers["X-CSRFToken"] = csrfToken();
  }
  return request;
}

/** Its label stands beside this list, and is not of it. */
function nameServers() {
  document.getElementById("servers")?.setAttribute("aria-label", "Server");
}

window.SwaggerUIBundle({
  url: here.dataset.document,
  domNode: here,
  deepLinking: true,
  docExpansion: "none", // at a glance what there is: the operations are too many to be drawn at once
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  requestSnippetsEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // it is somewhere else
  requestInterceptor: signed,
  onComplete: nameServers,
});
