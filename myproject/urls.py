from django.contrib import admin
from django.urls import include, path

from apiapp import urls as app
from myproject import screens_api
from streaming import urls as screens

urlpatterns = [
    *app.urlpatterns,  # not included: one level less to look through for every request
    *screens_api.urlpatterns,
    *screens.urlpatterns,
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

handler400 = "apiapp.failures.bad_request"
handler403 = "apiapp.failures.forbidden"
handler404 = "apiapp.failures.not_found"
handler500 = "apiapp.failures.broken"
