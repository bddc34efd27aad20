// Call a deployment from Node 20 or a browser, without any package: node call.mjs
const form = new FormData();
form.set("params", JSON.stringify({ "6-inputs-text": "a cat", "3-inputs-seed": 7 }));
form.set("logs", "false");
// a file goes under its param key: form.set("1-inputs-image", new File([bytes], "photo.png"));

const response = await fetch("http://127.0.0.1:8000/d/my-deployment/infer", {
  method: "POST",
  headers: { client_id: "<client id>", client_secret: "<client secret>" },
  body: form,
});
if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);

const result = await response.json();
const { writeFile } = await import("node:fs/promises");
for (const { filename, data } of result.outputs) {
  await writeFile(filename, Buffer.from(data, "base64"));
  console.log(filename);
}
