// Search by name.
"use strict";

quarterhourParts.push((quarterhour) => {
  const { people, w, of, select } = quarterhour;
  document.getElementById("qh-search-area").innerHTML = `<input type="search" id="qh-search" autocomplete="off" placeholder="${w.search}" aria-label="${w.search}"><ol id="qh-found"></ol>`;
  const names = people.name.map(quarterhourPlain);
  const input = document.getElementById("qh-search"), list = document.getElementById("qh-found");
  function go(i) {
    list.replaceChildren();
    input.value = names[i];
    select(i);
  }
  function find() {
    const asked = input.value.trim().toLowerCase(), found = [];
    for (let i = 0; asked && i < names.length && found.length < 8; i++) if (names[i].toLowerCase().includes(asked)) found.push(i);
    list.replaceChildren(...found.map((i) => {
      const item = document.createElement("li");
      item.innerHTML = `${people.name[i]} <small>${of(people.town, i)}</small>`;
      item.onclick = () => go(i);
      return item;
    }));
    if (asked && !found.length) list.innerHTML = `<li class="qh-none">${w.nothing_found}</li>`;
    return found;
  }
  input.addEventListener("input", find);
  input.addEventListener("keydown", (key) => {
    if (key.key !== "Enter") return;
    const found = find();
    if (found.length) go(found[0]);
  });
});
