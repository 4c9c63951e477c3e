// Further findings of each community, which ride in the page packed.
"use strict";

quarterhourParts.push(async (quarterhour) => {
  quarterhour.notes = JSON.parse(await quarterhourText(quarterhour.picture.communities.notes));
});
