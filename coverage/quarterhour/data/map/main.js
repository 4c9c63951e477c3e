// Draws window.quarterhourPicture into Folium's map.
//
// Seams for scripts of their own (each a file of this folder, put into the page between base.js and main.js, by name):
//   quarterhourParts.push((quarterhour) => { ... })  is called once all is drawn. `quarterhour` holds
//   map, layers, picture, words, colour      the Leaflet map, its layers by key, the data, its words, the colours
//   chip(kind, text), row(name, value), of(column, i)   pieces of HTML, and a coded column read at i
//   select(i)                                community i becomes the one asked about: its popup opens, "select" is told
//   on(event, told), emit(event, ...what)    "question" (index into picture.questions), "select" (index or null),
//                                            "view" (what is shown: after, score, range, ground, others, roads, towns)
//   question, asked(), ask(question)         index of the question shown now, itself, and another one
//   stateOf(i)                               state of community i in the view: met, not_met, planned, not_judged ...
//   recolour(kindOf)                         communities by kindOf(i) -> "met", "not_met", "planned" ...; null: as found
//   show({ after: true, ... })               changes the view
//   onSelect(told)                           short for on("select", told)
//   #qh-whatif, #qh-search-area              empty mount points in the panel (search.js puts #qh-search and #qh-found there)
"use strict";

function quarterhourDraw(map, layers, picture) {
  map.setMaxZoom(18);
  map.setView([0, 0], 2);
  for (const [name, z] of [["qh-towns", 340], ["qh-scores", 345], ["qh-grounds", 347], ["qh-roads", 350], ["qh-borders", 355], ["qh-names", 620]]) {
    map.createPane(name).style.zIndex = z;
    map.getPane(name).style.pointerEvents = "none";
  }
  const quarterhour = window.quarterhour = quarterhourContext(map, layers, picture);
  quarterhourCards(quarterhour);
  quarterhourCommunities(quarterhour);
  quarterhourFacilities(quarterhour);
  quarterhourPlans(quarterhour);
  quarterhourAreas(quarterhour);
  quarterhourGrounds(quarterhour);
  quarterhourPanel(quarterhour);
  quarterhourLegend(quarterhour);
  quarterhourView(quarterhour);
  quarterhour.seen = new Set();
  quarterhour.tell();
  quarterhour.relegend();
  quarterhourFit(quarterhour);
  quarterhourRoads(quarterhour);
  quarterhourControls(quarterhour);
  quarterhour.show({});
  for (const part of quarterhourParts) part(quarterhour);
  quarterhour.home();
  quarterhour.resize();
  if (picture.questions.length) quarterhour.emit("question", quarterhour.question);
}
