// Draws the columns of window.quarterhourPicture into the layers that Folium made.
// Every string of the picture is escaped already (numeric entities), so it may stand in innerHTML as it is.
//
// Seams for scripts of their own (each a file of this folder, put into the page between base.js and main.js, by name):
//   quarterhourParts.push((quarterhour) => { ... })  is called once all is drawn. `quarterhour` holds
//   map, layers, picture, words, colour      the Leaflet map, its layers by key, the data, its words, the colours
//   chip(kind, text), swatch(...), row(...), of(column, i)   pieces of HTML, and a coded column read at i
//   select(i)                                community i becomes the one asked about: its popup opens, "select" is told
//   on(event, told), emit(event, ...what)    "question" (index into picture.questions), "select" (index or null)
//   question                                 index of the question shown now
//   recolour(kindOf)                         communities of the question by kindOf(i) -> "met", "not_met", "planned" ...;
//                                            recolour(null) goes back to what the study found
//   onSelect(told)                           short for on("select", told)
//   #qh-whatif, #qh-search-area              empty mount points in the panel (search.js puts #qh-search and #qh-found there)
"use strict";

function quarterhourDraw(map, layers, picture) {
  map.setMaxZoom(18);
  for (const [name, z] of [["qh-towns", 340], ["qh-scores", 345], ["qh-grounds", 347], ["qh-roads", 350]]) {
    map.createPane(name).style.zIndex = z;
    map.getPane(name).style.pointerEvents = "none";
  }
  const quarterhour = quarterhourContext(map, layers, picture);
  quarterhourCommunities(quarterhour);
  quarterhourFacilities(quarterhour);
  quarterhourPlans(quarterhour);
  quarterhourTowns(quarterhour);
  quarterhourGrounds(quarterhour);
  quarterhourRoads(quarterhour);
  quarterhourPanel(quarterhour);
  quarterhourShown(quarterhour);
  for (const part of quarterhourParts) part(quarterhour);
}
