//! Values of an item that its sequencing and its other elements give: thresholds, objectives, shared data.

use roxmltree::Node;

use crate::manifest::{Activity, DataMap, Schema};
use crate::nodes::{attribute, child, children, id, is_true, text_of};
use crate::reading::Reading;

impl<'a> Reading<'a> {
    /// A part of an item's sequencing: its own, else of the one that it refers to.
    pub(crate) fn sequencing(&self, item: Node<'a, 'a>, part: &'static str) -> Option<Node<'a, 'a>> {
        let own = child(item, "sequencing")?;
        let shared = || child(*self.shared.get(id(own, "IDRef")?)?, part);
        child(own, part).or_else(shared)
    }

    /// 3rd Edition: its text; 4th Edition: its attributes, 1.0 where only the switch is set.
    pub(crate) fn completion_threshold(&self, item: Node<'a, 'a>) -> Option<String> {
        let threshold = child(item, "completionThreshold").filter(|_| self.schema.is_2004())?;
        if self.schema != Schema::Scorm2004FourthEdition {
            return text_of(item, "completionThreshold");
        }
        let is_measured = is_true(threshold.attribute("completedByMeasure"));
        is_measured.then(|| threshold.attribute("minProgressMeasure").unwrap_or("1.0").trim().to_owned())
    }

    /// 1.0 where the primary objective is satisfied by measure and names none.
    pub(crate) fn scaled_passing_score(&self, item: Node<'a, 'a>) -> Option<String> {
        let objectives = self.sequencing(item, "objectives").filter(|_| self.schema.is_2004())?;
        let primary = child(objectives, "primaryObjective")?;
        let is_measured = is_true(primary.attribute("satisfiedByMeasure"));
        is_measured.then(|| text_of(primary, "minNormalizedMeasure").unwrap_or_else(|| "1.0".to_owned()))
    }

    /// Spec: CAM, *controlMode*, attribute *flow*: false unless it is said.
    pub(crate) fn flows(&self, item: Node<'a, 'a>) -> bool {
        let cluster = item.parent().filter(|_| self.schema.is_2004());
        let mode = cluster.and_then(|it| self.sequencing(it, "controlMode"));
        mode.is_some_and(|it| is_true(it.attribute("flow")))
    }

    /// Spec: CAM, *deliveryControls*, attributes *completionSetByContent* (false unless it is said) and *tracked* (true
    /// unless it is said).
    pub(crate) fn completion_set_by_content(&self, item: Node<'a, 'a>) -> bool {
        let controls = self.sequencing(item, "deliveryControls").filter(|_| self.schema.is_2004());
        let is_untracked =
            |it: Node<'_, '_>| matches!(it.attribute("tracked").map(str::trim), Some("false" | "0"));
        controls.is_some_and(|it| is_true(it.attribute("completionSetByContent")) || is_untracked(it))
    }

    /// Its weight in a mean of scores, in ten-millionths: its own, times those of the clusters that it lies in.
    ///
    /// Spec: CAM, *rollupRules*, attribute *objectiveMeasureWeight*: 1 unless it is said.
    pub(crate) fn measure_weight(&self, item: Node<'a, 'a>) -> u32 {
        let own = |it| {
            let rules = self.sequencing(it, "rollupRules").filter(|_| self.schema.is_2004())?;
            let weight: f64 = rules.attribute("objectiveMeasureWeight")?.trim().parse().ok()?;
            (0.0..=1.0).contains(&weight).then_some(weight)
        };
        let items = item.ancestors().filter(|it| it.tag_name().name() == "item");
        let weight: f64 = items.filter_map(own).product();
        (weight * f64::from(Activity::WHOLE_WEIGHT)).round() as u32
    }

    pub(crate) fn objectives(&self, item: Node<'a, 'a>) -> Vec<String> {
        let Some(all) = self.sequencing(item, "objectives").filter(|_| self.schema.is_2004()) else {
            return Vec::new();
        };
        let each = children(all, "primaryObjective").chain(children(all, "objective"));
        let mut ids: Vec<String> = Vec::new();
        for id in each.filter_map(|it| it.attribute("objectiveID")).map(str::trim) {
            if !id.is_empty() && !ids.iter().any(|it| it == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// Spec: CAM, *data* and *map*: a bucket may be read and written unless the map says otherwise.
    pub(crate) fn data(&self, item: Node<'a, 'a>) -> Vec<DataMap> {
        let data = child(item, "data").filter(|_| self.schema == Schema::Scorm2004FourthEdition);
        let maps = data.into_iter().flat_map(|it| children(it, "map"));
        let may = |map: Node<'_, '_>, name| attribute(map, name).is_none_or(|it| is_true(Some(it)));
        maps.filter_map(|map| {
            let target = attribute(map, "targetID")?.trim().to_owned();
            Some(DataMap { target, reads: may(map, "readSharedData"), writes: may(map, "writeSharedData") })
        })
        .collect()
    }
}
