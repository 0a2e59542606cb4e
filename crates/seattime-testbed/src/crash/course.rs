//! A course: a package with one SCO and some files, which is either wholly there or can be imported again.

use anyhow::{Context, Result, ensure};
use seattime_testbed::package::{page, zipped};
use seattime_testing::rng::Rng;

use crate::server::{Api, text};

/// A package, and what is in it.
#[derive(Clone)]
pub(crate) struct Course {
    title: String,
    files: Vec<(String, Vec<u8>)>,
}

/// Characters that need no escape.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Course {
    /// A course with that many files beside its page; no two titles are the same.
    pub(crate) fn new(title: String, files: u32, mut rng: Rng) -> Course {
        let mut all = vec![page(&title)];
        for n in 0..files {
            let length = rng.below(4_000);
            let body = (0..length).filter_map(|_| rng.choose(LETTERS)).collect();
            all.push((format!("folder-{}/file-{n}.txt", n % 4), body));
        }
        Course { title, files: all }
    }

    /// Imports it; answers the topic.
    pub(crate) async fn import(&self, api: &Api) -> Result<String> {
        api.import(zipped(&self.title, &self.files)?).await
    }

    /// After an import that was answered so, or was cut off: what was acknowledged is there; what is there is whole;
    /// and what is not there can be imported again. Answers the topic.
    pub(crate) async fn check(&self, api: &Api, told: Result<String>) -> Result<String> {
        let topic = match (told, api.topic(&self.title).await?) {
            (told, Some(topic)) => {
                ensure!(told.is_err() || told.is_ok_and(|it| it == topic), "{}: another topic", self.title);
                topic
            }
            (Ok(topic), None) => anyhow::bail!("{}: {topic} was acknowledged and is not there", self.title),
            (Err(_), None) => self.import(api).await.context("importing again")?,
        };
        self.play(api, &topic).await?;
        Ok(topic)
    }

    /// Launches it and reads all its files.
    pub(crate) async fn play(&self, api: &Api, topic: &str) -> Result<()> {
        let visit = api.open(topic, &format!("player of {}", self.title)).await?;
        let page = text(&visit, "/activities/0/url")?;
        let folder = page.strip_suffix("index.html").with_context(|| format!("the SCO is {page}"))?;
        for (path, body) in &self.files {
            let found = api.get(&format!("{folder}{path}")).await?;
            ensure!(found == body, "{}: {path}: found {} bytes, expected others", self.title, found.len());
        }
        Ok(())
    }
}
