import sys, tempfile, pathlib, importlib, time, traceback, warnings
from corpus.city import keep_base
from corpus.verdict import outcome, judge
kept = pathlib.Path(tempfile.mkdtemp()); keep_base(kept)
warnings.simplefilter("error")
pick = sys.argv[2] if len(sys.argv)>2 else ""
n=0; t0=time.process_time(); bad=0
for m in sys.argv[1].split(","):
    for case in importlib.import_module("corpus."+m).BOOK.cases:
        if pick not in case.name: continue
        n+=1
        d = pathlib.Path(tempfile.mkdtemp())
        t=time.process_time()
        try:
            came = outcome(case, d, kept); told = judge(case, came)
        except BaseException as e:
            told = ["CRASH "+traceback.format_exc()[-900:]]; came=None
        if told or pick:
            bad+=1
            print(f"{m}/{case.name}:", *told, sep="\n    ")
            if came is not None and len(came.said):
                for r in came.said.to_dict("records"): print("      ", r["severity"], r["rule"], r["table"], r["row"], r["id"], r["value"], r["detail"])
            if came is not None and came.error: print("      ERR", came.error, came.sentence)
print(n, "cases", bad, "off", time.process_time()-t0)
