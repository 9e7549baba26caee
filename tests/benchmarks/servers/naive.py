"""(c) What a tutorial shows: a typed FastAPI handler around a scikit-learn pipeline."""

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table = pd.read_csv("data/iris.csv")
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
model.fit(table.drop(columns="species"), table["species"])
app = FastAPI()


class Row(BaseModel):
    """One flower."""

    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


class Rows(BaseModel):
    """A request."""

    instances: list[Row]


@app.post("/predict")
def predict(rows: Rows):
    """Answer rows of iris."""
    frame = pd.DataFrame([row.model_dump() for row in rows.instances])
    shares = model.predict_proba(frame)
    return {
        "predictions": [
            {
                "label": model.classes_[row.argmax()],
                "probabilities": dict(zip(model.classes_, row.tolist(), strict=True)),
            }
            for row in shares
        ]
    }
