//! Parts of a manifest's tree, found by the names that real manifests give them.

use roxmltree::Node;

pub(crate) fn base<'a>(node: Node<'a, 'a>) -> &'a str {
    node.attribute(("http://www.w3.org/XML/1998/namespace", "base")).unwrap_or_default().trim()
}

pub(crate) fn address<'a>(resource: Node<'a, 'a>) -> Option<&'a str> {
    resource.attribute("href").map(str::trim).filter(|it| !it.is_empty())
}

/// Spec: CAM, *item*, attribute *isvisible*: it says nothing of the items inside.
pub(crate) fn is_visible(item: Node<'_, '_>) -> bool {
    !matches!(item.attribute("isvisible").map(str::trim), Some("false" | "0"))
}

pub(crate) fn is_true(value: Option<&str>) -> bool {
    matches!(value.map(str::trim), Some("true" | "1"))
}

/// The attribute of this name, of any namespace.
pub(crate) fn attribute<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    node.attributes().find(|it| it.name() == name).map(|it| it.value())
}

/// The children of this name, in any case and of any namespace: real manifests mix both up.
pub(crate) fn children<'a>(
    node: Node<'a, 'a>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'a>> + Clone {
    node.children().filter(move |it| it.is_element() && it.tag_name().name().eq_ignore_ascii_case(name))
}

pub(crate) fn child<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

pub(crate) fn text_of<'a>(node: Node<'a, 'a>, name: &'static str) -> Option<String> {
    let text = whole_text(child(node, name)?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The text of an element, also where comments part it.
pub(crate) fn whole_text(node: Node<'_, '_>) -> String {
    node.children().filter(|it| it.is_text()).filter_map(|it| it.text()).collect()
}

/// A value of the type `xs:ID`, `xs:IDREF` or `xs:NCName`: blanks around it are no part of it.
pub(crate) fn id<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    node.attribute(name).map(str::trim).filter(|it| !it.is_empty())
}

/// Returns true if the element is a manifest.
pub(crate) fn is_manifest(node: &Node<'_, '_>) -> bool {
    node.is_element() && node.tag_name().name().eq_ignore_ascii_case("manifest")
}

/// Offset of an attribute in the text, or of its element.
pub(crate) fn offset(node: Node<'_, '_>, name: &str) -> usize {
    node.attribute_node(name).map_or(node.range().start, |it| it.range().start)
}
