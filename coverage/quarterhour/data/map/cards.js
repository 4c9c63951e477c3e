// What was counted, today and after the plan: read from the cards, which report and notebook show as well.
"use strict";

function quarterhourCards(quarterhour) {
  const { circles, plans } = quarterhour.picture.cards;
  const said = (n) => n.toLocaleString("en-US");
  const told = (count) => (count && count.share !== null ? count : null);
  const table = (card, id) => (card ? (card.further.find((one) => one.id === id) || { rows: [] }).rows : []);
  function pair(asked, today, after) {
    const circle = asked.circle !== null;
    return { today: told(today && (circle ? today.count : today.before)), after: told(asked.after && after ? after.count : null) };
  }
  const own = (asked) => [asked.circle === null ? plans[asked.plan] : circles[asked.circle], plans[asked.plan]];
  const row = (rows, id) => rows.find((one) => one.id === id);
  // Of a county by its id; of every area of another cut with its name.
  quarterhour.countsOf = (asked, id) => {
    const [now, then] = own(asked);
    return pair(asked, now && row(now.rows, id), then && row(then.rows, id));
  };
  quarterhour.furtherOf = (asked) => {
    const [now, then] = own(asked);
    return now ? now.further.map(({ id, head, rows }) => ({
      head, rows: rows.map((one) => ({ name: one.name, ...pair(asked, one, row(table(then, id), one.id)) })),
    })) : [];
  };
  quarterhour.said = said;
}
