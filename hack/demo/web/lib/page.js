// page is the whole user interface: order something and watch it being fulfilled.
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sample shop</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem }
  input, button { font: inherit; padding: .3rem .6rem }
  td, th { text-align: left; padding-right: 1.5rem }
</style>
<h1>Sample shop</h1>
<form><input name="item" value="tea" maxlength="200" required aria-label="Item"> <button>Order</button></form>
<p role="status"></p>
<table><thead><tr><th>Order</th><th>Item</th><th>Status</th><th>Cache</th></tr></thead><tbody></tbody></table>
<script>
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const note = document.querySelector('p');
async function follow(order, cells) {
  for (let i = 0; i < 60 && order.status !== 'fulfilled'; i++) {
    await pause(1000);
    const answer = await fetch('/orders/' + order.id);
    if (!answer.ok) continue;
    order = await answer.json();
    cells[2].textContent = order.status;
    cells[3].textContent = answer.headers.get('X-Cache');
  }
}
document.querySelector('form').onsubmit = async (event) => {
  event.preventDefault();
  const item = new FormData(event.target).get('item');
  const answer = await fetch('/orders', { method: 'POST', body: JSON.stringify({ item }) });
  const order = await answer.json();
  note.textContent = answer.ok ? '' : order.error;
  if (!answer.ok) return;
  const row = document.querySelector('tbody').insertRow(0);
  const cells = [order.id, order.item, order.status, ''].map((text) => {
    const cell = row.insertCell();
    cell.textContent = text;
    return cell;
  });
  follow(order, cells);
};
</script>
</html>
`;
