// What neither ipywidgets nor JupyterLab tells a screen reader: the name of a slider, which of several buttons is
// chosen, and what the picture is. They appear after this script has run, and a picture appears again whenever it is
// drawn, so an observer names them.
{
  const area = document.currentScript.closest(".jp-OutputArea:not(.jupyter-widgets *)") ?? document.body;
  const name = () => {
    for (const handle of area.querySelectorAll(".wsl-dashboard .noUi-handle"))
      handle.ariaLabel = handle.closest(".widget-slider").querySelector("label").textContent;
    for (const button of area.querySelectorAll(".wsl-dashboard .widget-toggle-button"))
      button.ariaPressed = button.classList.contains("mod-active");
    for (const picture of area.querySelectorAll(".jp-RenderedImage img:not([alt])"))
      picture.alt = "Picture: the text below says the same in words";
  };
  new MutationObserver(name).observe(area, { childList: true, subtree: true, attributeFilter: ["class"] });
  name();
}
