// A page's own few lines around resumable.js or flow.js: both have nearly the same interface.
// `told`: what the client said, in order; [event, the server's last answer].
const told = [];

function begin(Client, options) {
  const client = new Client({
    target: "/api/uploads/resumablejs/",
    simultaneousUploads: 3,
    minFileSize: 0, // of resumable.js: send empty files too
    ...options,
  });
  client.assignBrowse([document.querySelector("input")]);
  client.on("fileAdded", () => setTimeout(() => client.upload()));
  client.on("fileSuccess", (_file, message) => told.push(["success", message]));
  client.on("fileError", (_file, message) => told.push(["error", message]));
  return client;
}
