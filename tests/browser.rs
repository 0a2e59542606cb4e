//! The edge of the page in a real browser: texts, numbers, functions without their object, and an instance that traps.
//!
//! `cargo xtask test browser` runs it by wasm-pack, with the browser set up as in webdriver.json. It tests the built
//! package, `pkg/seattime.js`, which the runner serves from the project's folder.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Function, JsString, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Blob, BlobPropertyBag, HtmlIFrameElement, Url};

wasm_bindgen_test_configure!(run_in_browser);

/// A launched activity, and the API that its content finds.
struct Sco {
    visit: JsValue,
    api: JsValue,
}

/// Launches an activity of SCORM 2004 in a frame, with launch data and a transport of the page's own.
async fn launch() -> Sco {
    launch_with("{}").await
}

/// As [`launch`], with values that the activity begins with: JSON of texts by element.
async fn launch_with(values: &str) -> Sco {
    let import = Function::new_no_args("return import('/pkg/seattime.js')");
    let module = wait(import.call0(&JsValue::NULL).unwrap()).await;
    let activity = format!(r#"{{ "id": "item", "url": "{}", "objectives": ["primary"] }}"#, page());
    let data =
        format!(r#"{{ "api": "2004", "activities": [{activity}], "values": {{ "item": {values} }} }}"#);
    let options = object(&[
        ("frame", frame().into()),
        ("data", js_sys::JSON::parse(&data).unwrap()),
        ("transport", Function::new_no_args("return Promise.resolve()").into()),
    ]);
    let visit = wait(call(&module, "launch", &[options])).await;
    wait(call(&visit, "start", &[0.into()])).await;
    let api = get(&web_sys::window().unwrap(), "API_1484_11");
    Sco { visit, api }
}

impl Sco {
    fn call(&self, name: &str, arguments: &[JsValue]) -> JsValue {
        call(&self.api, name, arguments)
    }

    /// Calls a function with texts; returns the text of its answer.
    fn ask(&self, name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<JsValue> = arguments.iter().map(|it| JsValue::from_str(it)).collect();
        self.call(name, &arguments).as_string().unwrap()
    }

    async fn end(self) {
        wait(call(&self.visit, "end", &[])).await;
    }
}

fn frame() -> HtmlIFrameElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let frame: HtmlIFrameElement = document.create_element("iframe").unwrap().unchecked_into();
    document.body().unwrap().append_child(&frame).unwrap();
    frame
}

/// The address of an empty page of this origin.
fn page() -> String {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/html");
    let parts = Array::of1(&"<!doctype html><title>Content</title>".into());
    Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &kind).unwrap())
        .unwrap()
}

fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap()
}

fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> JsValue {
    let function: Function = get(of, name).unchecked_into();
    function.apply(of, &arguments.iter().collect::<Array>()).unwrap()
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

async fn wait(promise: JsValue) -> JsValue {
    JsFuture::from(Promise::resolve(&promise)).await.unwrap()
}

/// RTE, *SetValue* and *GetValue*: what was set is what is read.
#[wasm_bindgen_test]
async fn texts_cross_unchanged() {
    let sco = launch().await;
    assert_eq!(sco.ask("Initialize", &[""]), "true");
    let texts = [
        JsString::from(""),
        JsString::from("page 7"),
        JsString::from("Übung, 漢字, 😀"),
        JsString::from("\0\u{1}\u{7f}\u{ffff}"),
        JsString::from("\u{feff}begins with U+FEFF"),
        JsString::from("ä😀b".repeat(1_000)),
        JsString::from_char_code(&[0x61, 0xd83d, 0x62]), // half of a pair, as LZString.compress makes them
        JsString::from_char_code(&[0xdc00, 0xd800]),
        JsString::from("\u{10f000}\u{10f83d}\u{10ffff}"), // where messages hold such halves
    ];
    for element in ["cmi.suspend_data", "cmi.location"] {
        for text in &texts {
            if element == "cmi.location" && text.length() > 1_000 {
                continue;
            }
            let units: Vec<u32> = (0..text.length()).map(|at| text.char_code_at(at) as u32).collect();
            assert_eq!(sco.call("SetValue", &[element.into(), text.into()]), "true", "{element} {units:x?}");
            let read: JsString = sco.call("GetValue", &[element.into()]).unchecked_into();
            assert!(Object::is(&read, text), "{element} {units:x?}");
        }
    }
    sco.end().await;
}

/// RTE, *API Methods*: every parameter and every answer is a text. Content passes numbers, and leaves parameters out.
#[wasm_bindgen_test]
async fn whatever_is_passed_the_answer_is_a_text() {
    let sco = launch().await;
    assert_eq!(sco.call("Initialize", &[]), "true");
    #[rustfmt::skip]
    let cases: &[(JsValue, &str)] = &[
        (7.into(),                 "7"),
        (0.5.into(),               "0.5"),
        ((-0.0).into(),            "0"),
        (true.into(),              "true"),
        (JsValue::NULL,            ""),
        (JsValue::UNDEFINED,       ""),
        (Array::of1(&1.into()).into(), "1"),
    ];
    for (value, text) in cases {
        assert_eq!(sco.call("SetValue", &["cmi.location".into(), value.clone()]), "true", "{value:?}");
        assert_eq!(sco.ask("GetValue", &["cmi.location"]), *text, "{value:?}");
    }
    assert_eq!(sco.call("GetErrorString", &[403.into()]), sco.ask("GetErrorString", &["403"]));
    assert!(!sco.ask("GetErrorString", &["403"]).is_empty());

    let hostile = Function::new_no_args("return { toString() { throw new Error('no text') } }");
    let hostile = hostile.call0(&JsValue::NULL).unwrap();
    assert_eq!(sco.call("SetValue", &["cmi.location".into(), hostile.clone()]), "false");
    assert_eq!(sco.ask("GetLastError", &[]), "101");
    assert_eq!(sco.call("GetValue", &[hostile]), "");
    for name in [
        "Initialize",
        "Terminate",
        "GetValue",
        "SetValue",
        "Commit",
        "GetLastError",
        "GetErrorString",
        "GetDiagnostic",
    ] {
        assert!(sco.call(name, &[JsValue::symbol(None)]).is_string(), "{name} of a symbol");
    }
    sco.end().await;
}

/// Content keeps functions in variables, so none needs its object; the error code is that of the last call.
#[wasm_bindgen_test]
async fn functions_work_without_their_object() {
    let sco = launch().await;
    let bare = |name: &str, arguments: &[&str]| {
        let function: Function = get(&sco.api, name).unchecked_into();
        let arguments: Array = arguments.iter().map(|it| JsValue::from_str(it)).collect();
        function.apply(&JsValue::UNDEFINED, &arguments).unwrap().as_string().unwrap()
    };
    assert_eq!(
        (bare("GetValue", &["cmi.location"]), bare("GetLastError", &[])),
        (String::new(), "122".to_owned())
    );
    assert_eq!(bare("Initialize", &[""]), "true");
    assert_eq!(bare("SetValue", &["cmi.score.scaled", "2"]), "false");
    assert_eq!(bare("GetLastError", &[]), "407");
    assert_eq!(bare("SetValue", &["cmi.score.scaled", "0.9"]), "true");
    assert_eq!(bare("GetValue", &["cmi.objectives.0.id"]), "primary");
    assert_eq!(bare("Terminate", &[""]), "true");
    assert_eq!((bare("Commit", &[""]), bare("GetLastError", &[])), ("false".to_owned(), "143".to_owned()));
    let api: &Object = sco.api.unchecked_ref();
    assert!(Object::is_frozen(api));
    sco.end().await;
}

/// RTE, *cmi.comments_from_learner* and *cmi.comments_from_lms*: names that begin alike and end the same are two elements,
/// in whatever order they are asked for.
#[wasm_bindgen_test]
async fn comments_of_learner_and_of_lms_are_kept_apart() {
    let of_lms =
        r#"{ "cmi.comments_from_lms.0.comment": "Well done", "cmi.comments_from_lms.0.location": "page 9" }"#;
    let sco = launch_with(of_lms).await;
    assert_eq!(sco.ask("Initialize", &[""]), "true");
    for (part, text) in [("comment", "Too long"), ("location", "page 2")] {
        assert_eq!(sco.ask("SetValue", &[&format!("cmi.comments_from_learner.0.{part}"), text]), "true");
    }
    for _ in 0..2 {
        for part in ["comment", "location"] {
            let read = |of: &str| sco.ask("GetValue", &[&format!("cmi.comments_from_{of}.0.{part}")]);
            let expected = if part == "comment" { ["Too long", "Well done"] } else { ["page 2", "page 9"] };
            assert_eq!([read("learner"), read("lms")], expected);
        }
        assert_eq!(sco.ask("GetValue", &["cmi.comments_from_lms.0.comment"]), "Well done");
        assert_eq!(sco.ask("GetValue", &["cmi.comments_from_lms.0.location"]), "page 9");
        assert_eq!(sco.ask("GetValue", &["cmi.comments_from_learner.0.location"]), "page 2");
        assert_eq!(sco.ask("GetValue", &["cmi.comments_from_learner.0.comment"]), "Too long");
    }
    assert_eq!(sco.ask("SetValue", &["cmi.comments_from_lms.0.location", "elsewhere"]), "false");
    assert_eq!(sco.ask("GetLastError", &[]), "404");
    sco.end().await;
}

/// A trap costs one instance of wasm and not the session: a new one goes on from what the page kept.
#[wasm_bindgen_test]
async fn a_trap_loses_nothing() {
    let sco = launch().await;
    assert_eq!(sco.ask("Initialize", &[""]), "true");
    let mut texts = Vec::new();
    for n in 0..40 {
        texts.push((format!("cmi.interactions.{n}.id"), format!("question-{n}")));
        texts.push((format!("cmi.interactions.{n}.type"), "choice".to_owned()));
        texts.push((format!("cmi.interactions.{n}.learner_response"), "a[,]b".to_owned()));
    }
    texts.push(("cmi.suspend_data".to_owned(), "ü".repeat(2_000)));
    texts.push(("cmi.score.scaled".to_owned(), "0.5".to_owned()));
    for (element, text) in &texts {
        assert_eq!(sco.ask("SetValue", &[element, text]), "true", "{element}");
    }
    // The clock is asked within a call of wasm, and fails once.
    let fail = Function::new_no_args(
        "performance.now = () => { delete performance.now; throw new Error('the clock failed') }",
    );
    let is_failing = Function::new_no_args("return Object.hasOwn(performance, 'now')");
    for duration in ["PT5M", "PT6M"] {
        fail.call0(&JsValue::NULL).unwrap();
        assert_eq!(sco.ask("SetValue", &["cmi.session_time", duration]), "true");
        assert_eq!(is_failing.call0(&JsValue::NULL).unwrap(), false, "it failed, and works again");
    }
    for (element, text) in &texts {
        assert_eq!(sco.ask("GetValue", &[element]), *text, "{element}");
    }
    assert_eq!(sco.ask("GetValue", &["cmi.interactions._count"]), "40");
    assert_eq!(
        (sco.ask("Terminate", &[""]), sco.ask("GetLastError", &[])),
        ("true".to_owned(), "0".to_owned())
    );
    sco.end().await;
}
