//! The demo: courses for anybody on this machine, without an LMS.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::launches;
use crate::app::App;
use crate::config::TENANT;
use crate::error::Problem;

/// What somebody is told who only knows the host.
const NO_DEMO: &str = "This is Seattime, a run-time for SCORM courses. Courses are launched from your LMS.\n\
     Your own times: /reports/my-learning\n";

/// Where somebody lands who only knows the host: `GET /`; with the demo, its courses.
pub(crate) async fn get_start(State(app): State<App>) -> Result<Response, Problem> {
    if !app.config.demo {
        return Ok(NO_DEMO.into_response());
    }
    let mut items = String::new();
    for line in app.store.packages(TENANT).await? {
        let (topic, title, course) = (escaped(&line.topic), escaped(&line.title), escaped(&line.course));
        items.push_str(&format!(
            "<li><form method=\"post\" action=\"/demo/launches\"><input type=\"hidden\" name=\"topic\" \
             value=\"{topic}\"><p><strong>{title}</strong><br>{course}</p><button>Take it</button></form></li>"
        ));
    }
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Seattime: demo</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"icon\" href=\"/shared/icon.svg\"><link rel=\"stylesheet\" href=\"/shared/colours.css\">\
         <link rel=\"stylesheet\" href=\"/shared/start.css\">\
         </head><body><main><h1>Demo courses</h1><p>Take a course, close it, and read your minutes in \
         <a href=\"/demo/report\">My Learning Report</a>.</p><ul>{items}</ul></main></body></html>"
    );
    let mut response = Html(page).into_response();
    // A form is sent here, and leads on to the face that shows courses.
    let run = app.config.run_url.as_deref().unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {run}; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The report of the demo's learner: `GET /demo/report`.
pub(crate) async fn get_report(State(app): State<App>) -> Result<Redirect, Problem> {
    if !app.config.demo {
        return Err(Problem::not_found("page"));
    }
    let url = launches::report_url(&app, TENANT, launches::DEMO_LEARNER).await?;
    Ok(Redirect::to(url.as_deref().unwrap_or("/reports/my-learning")))
}

/// Which course to take.
#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    topic: String,
}

/// Launches a course for the demo's learner: `POST /demo/launches`.
pub(crate) async fn post_launch(
    State(app): State<App>,
    Form(choice): Form<Choice>,
) -> Result<Redirect, Problem> {
    if !app.config.demo {
        return Err(Problem::not_found("page"));
    }
    Ok(Redirect::to(&launches::demo(&app, choice.topic).await?))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
