"""The front door, as type checkers read it: every name from the room that gives it."""

__version__: str

from quarterhour import siting as siting
from quarterhour.base import errors as errors
from quarterhour.io.files import read_places as read_places
from quarterhour.io.files import read_roads_file as read_roads_file
from quarterhour.io.osm.from_graph import roads_from_graph as roads_from_graph
from quarterhour.io.osm.places import read_osm_places as read_osm_places
from quarterhour.io.osm.roads import read_osm_roads as read_osm_roads
from quarterhour.io.places import as_places as as_places
from quarterhour.maps.draw import draw_map as draw_map
from quarterhour.network import testing as testing
from quarterhour.network.build import build_network as build_network
from quarterhour.network.from_edges import network_from_edges as network_from_edges
from quarterhour.network.modes import read_modes as read_modes
from quarterhour.network.network import Mode as Mode
from quarterhour.network.network import Network as Network
from quarterhour.network.roads import as_roads as as_roads
from quarterhour.network.snap import at_junctions as at_junctions
from quarterhour.network.snap import snap_places as snap_places
from quarterhour.report.desk.comparison import compare as compare
from quarterhour.report.desk.results import Results as Results
from quarterhour.report.desk.results import run_study as run_study
from quarterhour.report.write import write_results as write_results
from quarterhour.siting.explain import explain_plan as explain_plan
from quarterhour.siting.outlook.change import compare_plans as compare_plans
from quarterhour.siting.proof.recount import verify_plan as verify_plan
from quarterhour.siting.question.from_matrix import siting_from_matrix as siting_from_matrix
from quarterhour.siting.solve import solve_siting as solve_siting
from quarterhour.standards.circle import check_circle as check_circle
from quarterhour.standards.rules import Circle as Circle
from quarterhour.standards.rules import read_rules as read_rules
from quarterhour.standards.scorecard import score_targets as score_targets
from quarterhour.study.new_study import demo_folder as demo_folder
from quarterhour.study.run import read_study_inputs as read_study_inputs
from quarterhour.study.study import Study as Study
from quarterhour.study.study import read_study as read_study
from quarterhour.travel.accessibility import nearest_sites as nearest_sites
from quarterhour.travel.accessibility import people_within as people_within
from quarterhour.travel.isochrone import isochrones as isochrones
from quarterhour.travel.matrix import travel_time_blocks as travel_time_blocks
from quarterhour.travel.matrix import travel_times as travel_times
from quarterhour.travel.times import TravelTimes as TravelTimes
