/** What the page does in the browser: it attempts what its server tells it to, one after another, and tells what came of it. */

async function byFetch({ url, fields, file, ...how }) {
  const body = fields === undefined ? how.body : formData(fields, file);
  const answer = await fetch(url, { ...how, body });
  const { status, type, headers } = answer;
  return { status, type, headers: Object.fromEntries(headers), body: await answer.text() };
}

function byXhr({ url, method, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let uploadedBytes = 0;
    request.upload.onprogress = ({ loaded }) => {
      uploadedBytes = loaded;
    };
    request.onload = () => resolve({ status: request.status, body: request.responseText, uploadedBytes });
    request.onerror = () => reject(new TypeError('the browser does not say why'));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

function formData(fields, file) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append('file', fileOf(file));
  return data;
}

function fileOf({ name, type, content }) {
  return new File([content], name, { type });
}

/** A form of the page, whose answer is shown in a frame: the page sees where the frame has landed if that is of its origin. */
function byForm({ url, fields, file }) {
  const form = document.createElement('form');
  Object.assign(form, { action: url, method: 'post', enctype: 'multipart/form-data', target: 'answer' });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  }
  const chosen = new DataTransfer();
  chosen.items.add(fileOf(file));
  form.append(Object.assign(document.createElement('input'), { type: 'file', name: 'file', files: chosen.files }));
  const frame = Object.assign(document.createElement('iframe'), { name: 'answer' });
  document.body.append(frame, form);
  return new Promise((resolve, reject) => {
    frame.onload = () => {
      try {
        resolve({ landed: frame.contentWindow.location.href });
      } catch (error) {
        reject(error);
      }
    };
    form.submit();
  });
}

const ways = { fetch: byFetch, xhr: byXhr, form: byForm };
const attempts = await (await fetch('/attempts')).json();
const outcomes = {};
for (const [name, { by = 'fetch', ...attempt }] of Object.entries(attempts)) {
  try {
    outcomes[name] = await ways[by](attempt);
  } catch (error) {
    outcomes[name] = { error: error.name };
  }
}
await fetch('/outcomes', { method: 'POST', body: JSON.stringify(outcomes) });
