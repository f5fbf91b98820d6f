// What Airflow's UI loads: a React component, as it wants one, around an element of our own.

import "./page.js";

function DataCubes() {
  const { React, ReactRouterDOM } = globalThis;
  const navigate = ReactRouterDOM.useNavigate();
  const take = (element) => {
    if (element) element.navigate = navigate;
  };
  return React.createElement("datacube-page", { ref: take });
}

globalThis.DataCubes = DataCubes;
globalThis.AirflowPlugin = DataCubes;
