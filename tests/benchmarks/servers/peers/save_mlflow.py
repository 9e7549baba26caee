"""Save the model as MLflow stores it, for `mlflow models serve`."""

import sys

import joblib
import mlflow
import peer_model

if peer_model.KIND == "iris":
    model = joblib.load(peer_model.FOLDER / "model.joblib")
    mlflow.sklearn.save_model(
        model, sys.argv[1], pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle"
    )
else:
    code = str(peer_model.Path(__file__).with_name("mlflow_model.py"))
    mlflow.pyfunc.save_model(sys.argv[1], python_model=code, pip_requirements=["mlflow"])
