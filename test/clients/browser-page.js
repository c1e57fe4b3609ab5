/** What the page does in the browser: it attempts what its server tells it to, one after another, and tells what came of it. */

async function byFetch({ url, ...how }) {
  const answer = await fetch(url, how);
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

const attempts = await (await fetch('/attempts')).json();
const outcomes = {};
for (const [name, { by, ...attempt }] of Object.entries(attempts)) {
  try {
    outcomes[name] = await (by === 'xhr' ? byXhr : byFetch)(attempt);
  } catch (error) {
    outcomes[name] = { error: error.name };
  }
}
await fetch('/outcomes', { method: 'POST', body: JSON.stringify(outcomes) });
